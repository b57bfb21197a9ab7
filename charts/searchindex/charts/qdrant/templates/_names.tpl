{{/* Names and labels. The chart's own name is not used: a chart around this one may call it otherwise. */}}
{{- define "qdrant.name" -}}
{{- printf "%s-qdrant" .Release.Name -}}
{{- end -}}

{{- define "qdrant.selector" -}}
app.kubernetes.io/name: qdrant
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "qdrant.labels" -}}
{{ include "qdrant.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "qdrant.image" -}}
{{- $image := .Values.image -}}
{{- $registry := (.Values.global).imageRegistry | default $image.registry -}}
{{- $version := ternary (printf "@%s" $image.digest) (printf ":%s" ($image.tag | default .Chart.AppVersion)) (ne $image.digest "") -}}
{{- printf "%s/%s%s" $registry $image.repository $version | trimPrefix "/" -}}
{{- end -}}

{{- define "qdrant.secret" -}}
{{- .Values.auth.existingSecret | default (include "qdrant.name" .) -}}
{{- end -}}

{{- define "qdrant.secretKey" -}}
{{- ternary .Values.auth.existingSecretKey "api-key" (ne .Values.auth.existingSecret "") -}}
{{- end -}}

{{/* `s` where members speak TLS with clients, or with one another. */}}
{{- define "qdrant.tls" -}}{{ if .Values.tls.enabled }}s{{ end }}{{- end -}}
{{- define "qdrant.peerTls" -}}{{ if .Values.tls.betweenPeers }}s{{ end }}{{- end -}}
