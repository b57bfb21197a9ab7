{{/* Variables of the service that are no secrets. */}}
{{- define "searchindex.apiSettings" -}}
{{- $api := .Values.api -}}
{{- $qdrant := include "searchindex.qdrant" . | fromYaml -}}
{{- $redis := include "searchindex.redis" . | fromYaml -}}
{{- $model := splitList "/" $api.model.name -}}
CLIP_MODEL_NAME: {{ first $model | quote }}
CLIP_PRETRAINED: {{ last $model | quote }}
{{- with $api.model.fingerprint }}
MODEL_FINGERPRINT: {{ . | quote }}
{{- end }}
MODELS_PATH: /models
{{- if has $api.model.source (list "pvc" "image") }}
MODEL_PATH: /model
{{- end }}
QDRANT_HOST: {{ $qdrant.host | quote }}
QDRANT_PORT: {{ $qdrant.httpPort | quote }}
QDRANT_GRPC_PORT: {{ $qdrant.grpcPort | quote }}
QDRANT_TLS: {{ $qdrant.tls | quote }}
{{- with $qdrant.caSecret }}
QDRANT_CA_FILE: /etc/searchindex/qdrant-ca/ca.crt
{{- end }}
QDRANT_COLLECTION: {{ $api.collection | quote }}
{{- with $redis.host }}
REDIS_HOST: {{ . | quote }}
REDIS_PORT: {{ $redis.port | quote }}
REDIS_DB: {{ $redis.db | quote }}
{{- end }}
{{- if $api.pictures }}
IMAGE_DIR: /pictures
{{- end }}
CACHE_DIR: /thumbnails
{{- if $api.apiKeys.existingSecret }}
API_KEYS_FILE: /etc/searchindex/keys/{{ $api.apiKeys.key }}
{{- end }}
LLM_ENABLED: {{ $api.explanations.enabled | quote }}
{{- if not $api.settings.LOG_FORMAT }}
LOG_FORMAT: json
{{- end }}
{{- if and $api.gpu.enabled (not $api.settings.ENCODER_RUNTIME) }}
ENCODER_RUNTIME: openclip
{{- if not $api.settings.TORCH_DEVICE }}
TORCH_DEVICE: cuda
{{- end }}
{{- end }}
{{- with include "searchindex.otlp" . }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
OTEL_TRACES_SAMPLER_ARG: {{ $.Values.tracesSampleRatio | quote }}
{{- end }}
{{- range $name, $value := $api.settings }}
{{ $name }}: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- end -}}

{{/* Those that are secrets, and what is made of them; and what the pod itself knows. */}}
{{- define "searchindex.apiSecrets" -}}
{{- $qdrant := include "searchindex.qdrant" . | fromYaml -}}
{{- $redis := include "searchindex.redis" . | fromYaml -}}
{{- if $qdrant.secret }}
- name: QDRANT_API_KEY
  valueFrom: {secretKeyRef: {name: {{ $qdrant.secret }}, key: {{ $qdrant.secretKey }}}}
{{- end }}
{{- if and $redis.host $redis.secret }}
- name: REDIS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $redis.secret }}, key: {{ $redis.secretKey }}}}
{{- end }}
{{- if .Values.api.sharedRateLimits }}
- name: RATE_LIMIT_REDIS_URL
  value: redis://{{ if $redis.secret }}:$(REDIS_PASSWORD)@{{ end }}{{ $redis.host }}:{{ $redis.port }}/{{ $redis.db }}
{{- end }}
{{- with .Values.api.explanations }}
{{- if and .enabled .existingSecret }}
- name: OPENAI_API_KEY
  valueFrom: {secretKeyRef: {name: {{ .existingSecret }}, key: {{ .key }}}}
{{- end }}
{{- end }}
{{- if include "searchindex.otlp" . }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.pod.name=$(POD_NAME),k8s.namespace.name={{ .Release.Namespace }},service.instance.id=$(POD_NAME)
{{- end }}
{{- with .Values.api.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
