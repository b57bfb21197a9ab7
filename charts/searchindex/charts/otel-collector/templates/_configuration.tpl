{{- define "otel-collector.ownConfiguration" -}}
{{- $hard := div (mul 4 (int .Values.memoryMiB)) 5 -}}
extensions:
  health_check: {endpoint: ":13133"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: ":4317"}
      http: {endpoint: ":4318"}
processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: {{ $hard }}
    spike_limit_mib: {{ div $hard 5 }}
  batch: {timeout: 1s, send_batch_size: 512, send_batch_max_size: 2048}
connectors:
  span_metrics:
    # No more series than this; what is new beyond it goes into one, with the label otel_metric_overflow.
    aggregation_cardinality_limit: 2000
    # A pod that comes anew goes on with the series of the one before.
    resource_metrics_key_attributes: [service.name, service.namespace]
    dimensions:
      - name: http.request.method
      - name: http.route
      - name: http.response.status_code
      - name: error.type
      - name: db.collection.name
      - name: gen_ai.request.model
    histogram:
      unit: s
      explicit:
        buckets: [1ms, 2ms, 5ms, 10ms, 20ms, 35ms, 50ms, 75ms, 100ms, 150ms, 250ms, 500ms, 1s, 2500ms, 5s, 10s]
    exemplars: {enabled: true, max_per_data_point: 5}
    metrics_flush_interval: 15s
exporters:
  prometheus: {endpoint: ":8889", enable_open_metrics: true, metric_expiration: 1h}
{{- with .Values.export }}
{{- if .endpoint }}
  otlp_grpc:
    endpoint: {{ .endpoint | quote }}
    tls: {insecure: {{ .insecure }}}
    timeout: 10s
    sending_queue: {queue_size: {{ .queueSize }}, num_consumers: 4}
    retry_on_failure: {max_elapsed_time: 300s}
    {{- if .existingSecret }}
    headers: {authorization: "${env:EXPORT_AUTHORIZATION}"}
    {{- end }}
{{- else }}
  debug: {verbosity: {{ .logged }}}
{{- end }}
{{- end }}
service:
  extensions: [health_check]
  telemetry:
    logs: {level: {{ .Values.logLevel }}, encoding: json}
    metrics:
      level: normal
      readers: [{pull: {exporter: {prometheus: {host: "", port: 8888}}}}]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [span_metrics, {{ ternary "otlp_grpc" "debug" (ne .Values.export.endpoint "") }}]
    metrics/spans:
      receivers: [span_metrics]
      exporters: [prometheus]
{{- end -}}

{{- define "otel-collector.configuration" -}}
{{- mustMergeOverwrite (include "otel-collector.ownConfiguration" . | fromYaml) (deepCopy .Values.config) | toYaml -}}
{{- end -}}
