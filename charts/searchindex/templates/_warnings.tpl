{{/* What works, and surprises later: a list of sentences. */}}
{{- define "searchindex.warnings" -}}
{{- $api := .Values.api -}}
{{- $seen := .Values.observability.monitors.enabled -}}
{{- $pods := ternary $api.replicas $api.autoscaling.maxReplicas (eq $api.autoscaling.by "none") | int -}}
{{- $open := or $api.ingress.enabled $api.httpRoute.enabled (ne $api.service.type "ClusterIP") -}}
{{- $all := list
  (list (and $api.enabled $open (not $api.apiKeys.existingSecret))
    "Everybody who reaches the address may search: set api.apiKeys.existingSecret.")
  (list (and $api.enabled $api.ingress.enabled (not $api.ingress.tlsSecret) (ne $api.apiKeys.existingSecret ""))
    "API keys travel in clear unless something before the ingress speaks TLS: set api.ingress.tlsSecret.")
  (list (and .Values.qdrant.enabled (eq (.Values.qdrant.replicas | default 1 | int) 1))
    "One Qdrant: while it restarts, nothing is found. Three bear the loss of one: qdrant.replicas=3, and replicationFactor: 2 in the SearchIndex.")
  (list (and $api.enabled (eq $pods 1))
    "One API pod: set api.replicas to 2 or more, or api.autoscaling.by.")
  (list (and $api.enabled (gt $pods 1) (eq $api.model.source "hub") (not $api.model.hub.existingClaim) (not (has "ReadWriteMany" $api.model.hub.accessModes)))
    "Several API pods read one volume that only one node can mount: set api.model.hub.accessModes to [ReadWriteMany], where your storage can.")
  (list (and $api.enabled (gt $pods 1) (not .Values.redis.enabled) (not .Values.externalRedis.host))
    "Without a Redis each API pod keeps answers and counts of rate limits for itself.")
  (list (and $api.enabled $api.explanations.enabled (not .Values.redis.enabled) (not .Values.externalRedis.host) (gt $pods 1) (eq $api.service.sessionAffinity "None"))
    "The follow-up link of an explanation may meet another pod than the search: set api.service.sessionAffinity to ClientIP, or have a Redis.")
  (list (not .Values.networkPolicy.enabled)
    "No NetworkPolicies: whatever runs in the cluster reaches every part of the release that asks for no key.")
  (list (and $seen .Values.qdrant.enabled .Values.qdrant.networkPolicy.enabled (not .Values.qdrant.networkPolicy.scrapers))
    "Prometheus is not let in to Qdrant: name it in qdrant.networkPolicy.scrapers.")
  (list (and $seen .Values.otelCollector.enabled .Values.otelCollector.networkPolicy.enabled (not .Values.otelCollector.networkPolicy.scrapers))
    "Prometheus is not let in to the collector: name it in otelCollector.networkPolicy.scrapers.")
  (list (and $seen $api.enabled (ne $api.apiKeys.existingSecret "") (not .Values.observability.monitors.apiKey.existingSecret))
    "The API asks for keys, and Prometheus has none: set observability.monitors.apiKey.existingSecret.")
  (list (and $api.enabled (not $api.resources.limits))
    "The API pods have no memory limit.")
-}}
{{- $said := list -}}
{{- range $all }}{{ if first . }}{{ $said = append $said (last .) }}{{ end }}{{ end -}}
{{- toYaml $said -}}
{{- end -}}
