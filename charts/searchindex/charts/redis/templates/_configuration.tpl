{{- define "redis.configuration" -}}
port 6379
dir /tmp
maxmemory {{ .Values.maxMemoryMiB }}mb
maxmemory-policy allkeys-lru
save ""
appendonly no
{{- if not .Values.auth.enabled }}
protected-mode no
{{- end }}
{{- with .Values.extraConfig }}
{{ . | trim }}
{{- end }}
{{- end -}}

{{/* The password goes in by standard input: neither an environment nor a command line shows it. */}}
{{- define "redis.start" -}}
set -eu
{{- if .Values.auth.enabled }}
password="$(sed 's/["\\]/\\&/g' /etc/redis-auth/{{ include "redis.secretKey" . }})"
exec redis-server /etc/redis/redis.conf - <<END
requirepass "$password"
END
{{- else }}
exec redis-server /etc/redis/redis.conf
{{- end }}
{{- end -}}

{{/* PONG, and not that it is loading or wants a password. */}}
{{- define "redis.ping" -}}
{{- if .Values.auth.enabled -}}
REDISCLI_AUTH="$(cat /etc/redis-auth/{{ include "redis.secretKey" . }})"
export REDISCLI_AUTH
{{ end -}}
[ "$(redis-cli ping)" = PONG ]
{{- end -}}
