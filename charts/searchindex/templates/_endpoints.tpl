{{/* What the release speaks to: its own Qdrant, Redis and collector, or those that are there already. */}}
{{- define "searchindex.qdrant" -}}
{{- if .Values.qdrant.enabled -}}
host: {{ .Release.Name }}-qdrant
httpPort: 6333
grpcPort: 6334
{{- with .Values.qdrant }}
tls: {{ .tls.enabled }}
secret: {{ if .auth.enabled }}{{ .auth.existingSecret | default (printf "%s-qdrant" $.Release.Name) }}{{ end }}
secretKey: {{ .auth.existingSecretKey }}
caSecret: {{ if .tls.enabled }}{{ .tls.existingSecret }}{{ end }}
{{- end }}
{{- else -}}
{{- with .Values.externalQdrant -}}
host: {{ .host }}
httpPort: {{ .httpPort }}
grpcPort: {{ .grpcPort }}
tls: {{ .tls }}
secret: {{ .existingSecret }}
secretKey: {{ .existingSecretKey }}
caSecret: {{ .caSecret }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* `host` is empty where there is none. */}}
{{- define "searchindex.redis" -}}
{{- if .Values.redis.enabled -}}
host: {{ .Release.Name }}-redis
port: 6379
db: 0
{{- with .Values.redis }}
secret: {{ if .auth.enabled }}{{ .auth.existingSecret | default (printf "%s-redis" $.Release.Name) }}{{ end }}
secretKey: {{ .auth.existingSecretKey }}
{{- end }}
{{- else -}}
{{- with .Values.externalRedis -}}
host: {{ .host | quote }}
port: {{ .port }}
db: {{ .db }}
secret: {{ .existingSecret }}
secretKey: {{ .existingSecretKey }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Empty where nothing is traced. With its namespace: indexing pods of other namespaces send there too. */}}
{{- define "searchindex.otlp" -}}
{{- if .Values.otelCollector.enabled -}}
http://{{ .Release.Name }}-otel-collector.{{ .Release.Namespace }}:4317
{{- else -}}
{{- .Values.externalOtlpEndpoint -}}
{{- end -}}
{{- end -}}
