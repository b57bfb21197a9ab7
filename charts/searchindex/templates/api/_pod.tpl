{{/* Alive is a process that answers; ready is one that would answer a search. A missing model, store or collection is no reason for a restart. */}}
{{- define "searchindex.apiProbes" -}}
{{- $lifecycle := .Values.api.lifecycle -}}
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: {{ div $lifecycle.startupSeconds 2 }}
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- with $lifecycle.preStopSeconds }}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.30.0-0" $.Capabilities.KubeVersion.Version }}
    sleep: {seconds: {{ . }}}
    {{- else }}
    exec: {command: [python, -c, "import time; time.sleep({{ . }})"]}
    {{- end }}
{{- end }}
{{- end -}}

{{/* An extended resource has a limit alone: the request follows it. */}}
{{- define "searchindex.apiResources" -}}
{{- $resources := deepCopy .Values.api.resources -}}
{{- with .Values.api.gpu -}}
{{- if .enabled -}}
{{- $_ := set $resources "limits" (merge (dict .resourceName (toString .count)) ($resources.limits | default dict)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{- define "searchindex.apiSpread" -}}
{{- $selector := dict "matchLabels" (include "searchindex.selector" (dict "context" . "component" "api") | fromYaml) -}}
{{- $constraints := list -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" -}}
{{- $constraints = append $constraints (dict "maxSkew" 1 "topologyKey" $key "whenUnsatisfiable" "ScheduleAnyway") -}}
{{- end -}}
{{- range .Values.api.topologySpreadConstraints | default $constraints }}
- {{ toYaml (merge (deepCopy .) (dict "labelSelector" $selector)) | nindent 2 | trim }}
{{- end }}
{{- end -}}
