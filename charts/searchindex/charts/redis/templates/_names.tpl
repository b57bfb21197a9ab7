{{/* Names and labels. The chart's own name is not used: a chart around this one may call it otherwise. */}}
{{- define "redis.name" -}}
{{- printf "%s-redis" .Release.Name -}}
{{- end -}}

{{- define "redis.selector" -}}
app.kubernetes.io/name: redis
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "redis.labels" -}}
{{ include "redis.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "redis.image" -}}
{{- $image := .Values.image -}}
{{- $registry := (.Values.global).imageRegistry | default $image.registry -}}
{{- $version := ternary (printf "@%s" $image.digest) (printf ":%s" ($image.tag | default .Chart.AppVersion)) (ne $image.digest "") -}}
{{- printf "%s/%s%s" $registry $image.repository $version | trimPrefix "/" -}}
{{- end -}}

{{- define "redis.secret" -}}
{{- .Values.auth.existingSecret | default (include "redis.name" .) -}}
{{- end -}}

{{- define "redis.secretKey" -}}
{{- ternary .Values.auth.existingSecretKey "password" (ne .Values.auth.existingSecret "") -}}
{{- end -}}
