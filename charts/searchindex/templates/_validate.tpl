{{/* What no schema can say: values that contradict each other. Each is refused with a sentence that says what to do. */}}
{{- define "searchindex.validate" -}}
{{- $api := .Values.api -}}
{{- $redis := or .Values.redis.enabled (ne .Values.externalRedis.host "") -}}
{{- $grace := add $api.lifecycle.preStopSeconds 25 -}}
{{- $wrong := list
  (list (and .Values.qdrant.enabled .Values.externalQdrant.host)
    "Both qdrant.enabled and externalQdrant.host are set: set qdrant.enabled to false to use the existing one, or leave externalQdrant.host empty.")
  (list (and $api.enabled (not .Values.qdrant.enabled) (not .Values.externalQdrant.host))
    "The API has no Qdrant: set qdrant.enabled to true, or externalQdrant.host to an existing one.")
  (list (and .Values.redis.enabled .Values.externalRedis.host)
    "Both redis.enabled and externalRedis.host are set: set redis.enabled to false to use the existing one, or leave externalRedis.host empty.")
  (list (and .Values.otelCollector.enabled .Values.externalOtlpEndpoint)
    "Both otelCollector.enabled and externalOtlpEndpoint are set: set otelCollector.enabled to false to use the existing one, or leave externalOtlpEndpoint empty.")
  (list (and .Values.externalQdrant.caSecret (not .Values.externalQdrant.tls))
    "externalQdrant.caSecret is set, but no TLS is spoken: set externalQdrant.tls to true.")
-}}
{{- if $api.enabled -}}
{{- $wrong = concat $wrong (include "searchindex.wrongModel" . | fromYamlArray) (list
  (list (and $api.sharedRateLimits (not $redis))
    "api.sharedRateLimits needs a Redis to count in: set redis.enabled to true or externalRedis.host, or set it to false.")
  (list (and $api.explanations.enabled (not $api.explanations.existingSecret) (not $api.settings.OPENAI_BASE_URL))
    "api.explanations.enabled needs api.explanations.existingSecret with a key, or api.settings.OPENAI_BASE_URL of a server that asks for none.")
  (list (and (ne $api.autoscaling.by "none") (gt ($api.autoscaling.minReplicas | int) ($api.autoscaling.maxReplicas | int)))
    "api.autoscaling.minReplicas is above maxReplicas: lower the one or raise the other.")
  (list (and (eq $api.autoscaling.by "keda") (not $api.autoscaling.prometheusAddress))
    "api.autoscaling.by is keda, which asks Prometheus: set api.autoscaling.prometheusAddress, such as http://prometheus.monitoring:9090.")
  (list (and $api.httpRoute.enabled (not $api.httpRoute.parentRefs))
    "api.httpRoute.enabled needs api.httpRoute.parentRefs with a Gateway, such as [{name: gateway, namespace: ingress}].")
  (list (and $api.ingress.tlsSecret (not $api.ingress.hosts))
    "api.ingress.tlsSecret needs api.ingress.hosts: a certificate is for host names.")
  (list (and $api.gpu.enabled $api.settings.FORCE_CPU)
    "api.settings.FORCE_CPU is set beside api.gpu.enabled, and leaves each pod's GPU idle: set one of them to false.")
  (list (lt ($api.lifecycle.graceSeconds | int) ($grace | int))
    (printf "api.lifecycle.graceSeconds is below %d, preStopSeconds and 25 for requests in flight: raise it, or lower preStopSeconds." $grace))
  (list (hasKey ($api.resources.limits | default dict) $api.gpu.resourceName)
    (printf "api.resources.limits names %s, which api.gpu does: leave it out there, and set api.gpu.enabled and count." $api.gpu.resourceName))
) -}}
{{- end -}}
{{- range $wrong -}}
{{- if first . -}}{{- fail (printf "\n\n%s\n" (last .)) -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "searchindex.wrongModel" -}}
{{- $model := .Values.api.model -}}
{{- $minor := regexReplaceAll "[^0-9]" .Capabilities.KubeVersion.Minor "" | int -}}
{{- list
  (list (and (eq $model.source "pvc") (not $model.pvc.claimName))
    "api.model.source is pvc: set api.model.pvc.claimName to the claim that holds the model.")
  (list (and (eq $model.source "image") (not $model.image.reference))
    "api.model.source is image: set api.model.image.reference to the image that holds the model.")
  (list (and (eq $model.source "image") (lt $minor 33))
    (printf "api.model.source is image, and Kubernetes %s cannot mount an image as a volume: 1.35 does, 1.33 with its feature ImageVolume. Take pvc, hub or baked." .Capabilities.KubeVersion.Version))
  | toYaml -}}
{{- end -}}
