{{/* Rules that several NetworkPolicies have. */}}
{{- define "searchindex.dns" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end -}}

{{/* To `component` of the release by its `name` where it is `own`, else to these ports of anybody: an address outside cannot be named. */}}
{{- define "searchindex.egressTo" -}}
- ports: {{- range .ports }}
    - {port: {{ . }}, protocol: TCP}
  {{- end }}
  {{- if .own }}
  to:
    - podSelector:
        matchLabels: {app.kubernetes.io/name: {{ .name }}, app.kubernetes.io/instance: {{ .context.Release.Name }}}
  {{- end }}
{{- end -}}

{{- define "searchindex.portOf" -}}
{{- $address := urlParse . -}}
{{- if contains ":" $address.host }}{{ last (splitList ":" $address.host) }}{{ else }}{{ ternary 443 80 (eq $address.scheme "https") }}{{ end -}}
{{- end -}}
