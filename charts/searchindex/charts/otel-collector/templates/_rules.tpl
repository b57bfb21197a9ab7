{{/* What values may not say together; each refusal is a sentence that tells what to do. */}}
{{- define "otel-collector.rules" -}}
{{- $export := .Values.export -}}
{{- if gt (len .Release.Name) 48 -}}
{{- fail (printf "The release's name has %d characters: with a collector in it, take one of at most 48." (len .Release.Name)) -}}
{{- end -}}
{{- if and $export.existingSecret (not $export.endpoint) -}}
{{- fail "export.existingSecret is for an endpoint: set export.endpoint, or leave the Secret out." -}}
{{- end -}}
{{- if and $export.existingSecret $export.insecure -}}
{{- fail "export.insecure would send what export.existingSecret holds for everybody to read: set it to false." -}}
{{- end -}}
{{- end -}}
