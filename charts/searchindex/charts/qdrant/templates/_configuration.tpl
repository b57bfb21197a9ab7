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

{{/*
Whoever is not a member yet joins through one that listens; the first pod, where none does, founds the cluster. Nobody listens before it is a
member. To a member all of this is nothing: Qdrant remembers its cluster, and takes no notice. So the wait ends: should all the others be gone
for good, whoever is left starts.
*/}}
{{- define "qdrant.start" -}}
{{- $name := include "qdrant.name" . -}}
set -eu
trap 'exit 143' TERM
host() { echo "{{ $name }}-$1.{{ $name }}-headless"; }
member() { echo "http{{ include "qdrant.peerTls" . }}://$(host "$1"):6335"; }
listens() { timeout 2 bash -c ": </dev/tcp/$(host "$1")/6335" 2>/dev/null; }
listening() {
  for other in{{ range until (int .Values.replicas) }} {{ . }}{{ end }}; do
    if [ "$other" != "$ordinal" ] && listens "$other"; then echo "$other"; return; fi
  done
}
ordinal="${POD_NAME##*-}"
found="$(listening)"
tries=30
while [ -z "$found" ] && [ "$ordinal" != 0 ] && [ "$tries" != 0 ]; do
  sleep 1
  tries=$((tries - 1))
  found="$(listening)"
done
[ -n "$found" ] || [ "$ordinal" = 0 ] || found=0
set -- --config-path /etc/qdrant/qdrant.yaml --uri "$(member "$ordinal")"
[ -z "$found" ] || set -- "$@" --bootstrap "$(member "$found")"
exec ./entrypoint.sh "$@"
{{- end -}}
