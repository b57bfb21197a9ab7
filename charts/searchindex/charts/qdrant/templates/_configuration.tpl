{{/* Two copies of each shard, where there are two members. */}}
{{- define "qdrant.replicationFactor" -}}
{{- .Values.collections.replicationFactor | default (min 2 .Values.replicas) -}}
{{- end -}}

{{/* A single member is a cluster too: others may come later. */}}
{{- define "qdrant.ownConfiguration" -}}
log_level: {{ .Values.logLevel }}
telemetry_disabled: true
service:
  http_port: 6333
  grpc_port: 6334
  enable_tls: {{ .Values.tls.enabled }}
cluster:
  enabled: true
  p2p:
    port: 6335
    enable_tls: {{ .Values.tls.betweenPeers }}
storage:
  storage_path: /qdrant/storage
  snapshots_path: /qdrant/snapshots
  temp_path: /qdrant/snapshots/unfinished
  performance:
    optimizer_cpu_budget: {{ .Values.optimizerThreads }}
  collection:
    shard_number_per_node: {{ .Values.collections.shardsPerNode }}
    replication_factor: {{ include "qdrant.replicationFactor" . }}
    write_consistency_factor: {{ .Values.collections.writeConsistencyFactor }}
{{- if .Values.tls.enabled }}
tls:
  cert: /etc/qdrant-tls/tls.crt
  key: /etc/qdrant-tls/tls.key
  ca_cert: /etc/qdrant-tls/ca.crt
{{- end }}
{{- end -}}

{{- define "qdrant.configuration" -}}
{{- mustMergeOverwrite (include "qdrant.ownConfiguration" . | fromYaml) (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{/* The first pod founds the cluster, the others join through it. Whoever has been a member already goes back by itself. */}}
{{- define "qdrant.start" -}}
set -eu
member() { echo "http{{ include "qdrant.peerTls" . }}://{{ include "qdrant.name" . }}-$1.{{ include "qdrant.name" . }}-headless:6335"; }
ordinal="${POD_NAME##*-}"
set -- --config-path /etc/qdrant/qdrant.yaml --uri "$(member "$ordinal")"
[ "$ordinal" = 0 ] || set -- "$@" --bootstrap "$(member 0)"
exec ./entrypoint.sh "$@"
{{- end -}}
