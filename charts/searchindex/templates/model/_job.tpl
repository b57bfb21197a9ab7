{{/* What the Job runs. A Job cannot be changed: it is named after this, so that another model is another Job. */}}
{{- define "searchindex.modelPod" -}}
{{- $model := .Values.api.model -}}
{{- $hub := $model.hub -}}
restartPolicy: OnFailure
automountServiceAccountToken: false
serviceAccountName: {{ include "searchindex.name" (dict "context" . "component" "api") }}
enableServiceLinks: false
securityContext:
  {{- include "searchindex.podSecurity" . | nindent 2 }}
  {{- include "searchindex.modelGroup" . | nindent 2 }}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "searchindex.placement" (dict "values" (pick .Values.api "tolerations")) }}
containers:
  - name: model
    image: {{ $hub.image | default (include "searchindex.image" (dict "context" . "registry" .Values.api.image.registry "repository" "searchindex/jobs-gpu")) }}
    imagePullPolicy: {{ .Values.api.image.pullPolicy }}
    command: [python, -m, jobs]
    args:
      - prepare
      - --models-path=/models
      - --clip-model-name={{ splitList "/" $model.name | first }}
      - --clip-pretrained={{ splitList "/" $model.name | last }}
      {{- if .Values.api.gpu.enabled }}
      - --keep-weights
      {{- end }}
      {{- with $model.fingerprint }}
      - --model-fingerprint={{ . }}
      {{- end }}
    {{- with $hub.tokenSecret }}
    env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: {{ . }}, key: token}}}]
    {{- end }}
    securityContext: {{- include "searchindex.containerSecurity" . | nindent 6 }}
    resources: {{- toYaml $hub.resources | nindent 6 }}
    volumeMounts:
      - {name: model, mountPath: /models}
      - {name: tmp, mountPath: /tmp}
volumes:
  - {name: model, persistentVolumeClaim: {claimName: {{ include "searchindex.modelClaim" . }}}}
  - {name: tmp, emptyDir: {}}
{{- end -}}
