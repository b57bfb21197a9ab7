{{/* Metadata of a monitor: `context`, and the `component` that it is of. */}}
{{- define "searchindex.monitor" -}}
name: {{ include "searchindex.name" . }}
namespace: {{ .context.Release.Namespace }}
labels:
  {{- include "searchindex.labels" . | nindent 2 }}
  {{- with .context.Values.observability.monitors.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
