{{/* What values may not say together; each refusal is a sentence that tells what to do. */}}
{{- define "redis.rules" -}}
{{- if gt (len .Release.Name) 57 -}}
{{- fail (printf "The release's name has %d characters: with Redis in it, take one of at most 57." (len .Release.Name)) -}}
{{- end -}}
{{- if and .Values.auth.existingSecret (not .Values.auth.enabled) -}}
{{- fail "auth.existingSecret is set, and auth.enabled is false: set it to true, or leave the Secret out." -}}
{{- end -}}
{{- if regexMatch "(?im)^\\s*(requirepass|masterauth|user|aclfile|include)\\s" .Values.extraConfig -}}
{{- fail "extraConfig is kept in a ConfigMap: a password belongs in auth.existingSecret." -}}
{{- end -}}
{{- end -}}
