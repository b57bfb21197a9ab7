{{/* What values may not say together; each refusal is a sentence that tells what to do. */}}
{{- define "qdrant.rules" -}}
{{- $v := .Values -}}
{{- if gt (len .Release.Name) 45 -}}
{{- fail (printf "The release's name has %d characters: with Qdrant in it, take one of at most 45, as Kubernetes makes labels of it." (len .Release.Name)) -}}
{{- end -}}
{{- if gt (int $v.collections.replicationFactor) (int $v.replicas) -}}
{{- fail (printf "collections.replicationFactor is %d, and there are %d members: raise replicas, or lower it." (int $v.collections.replicationFactor) (int $v.replicas)) -}}
{{- end -}}
{{- if gt (int $v.collections.writeConsistencyFactor) (int (include "qdrant.replicationFactor" .)) -}}
{{- fail (printf "collections.writeConsistencyFactor is %d, and each shard is there %s times: no change could be made." (int $v.collections.writeConsistencyFactor) (include "qdrant.replicationFactor" .)) -}}
{{- end -}}
{{- if and $v.tls.betweenPeers (not $v.tls.enabled) -}}
{{- fail "tls.betweenPeers is set, and tls.enabled is not: clients would send their key in clear. Set both." -}}
{{- end -}}
{{- if and $v.tls.enabled (not $v.tls.existingSecret) -}}
{{- fail "tls.enabled needs a certificate: name its Secret in tls.existingSecret." -}}
{{- end -}}
{{- if and $v.auth.existingSecret (not $v.auth.enabled) -}}
{{- fail "auth.existingSecret is set, and auth.enabled is false: set it to true, or leave the Secret out." -}}
{{- end -}}
{{- $config := $v.config -}}
{{- range $block, $owned := dict
  "service" (list "api_key" "read_only_api_key" "http_port" "grpc_port" "enable_tls")
  "cluster" (list "enabled" "p2p")
  "storage" (list "storage_path" "snapshots_path")
-}}
{{- range $owned -}}
{{- if hasKey (get $config $block | default dict) . -}}
{{- fail (printf "config.%s.%s is not for config: the chart's own values (auth, tls, persistence, snapshots) decide it." $block .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
