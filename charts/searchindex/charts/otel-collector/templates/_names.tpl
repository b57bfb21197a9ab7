{{/* Names and labels. The chart's own name is not used: a chart around this one may call it otherwise. */}}
{{- define "otel-collector.name" -}}
{{- printf "%s-otel-collector" .Release.Name -}}
{{- end -}}

{{- define "otel-collector.selector" -}}
app.kubernetes.io/name: otel-collector
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "otel-collector.labels" -}}
{{ include "otel-collector.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "otel-collector.image" -}}
{{- $image := .Values.image -}}
{{- $registry := (.Values.global).imageRegistry | default $image.registry -}}
{{- $version := ternary (printf "@%s" $image.digest) (printf ":%s" ($image.tag | default .Chart.AppVersion)) (ne $image.digest "") -}}
{{- printf "%s/%s%s" $registry $image.repository $version | trimPrefix "/" -}}
{{- end -}}
