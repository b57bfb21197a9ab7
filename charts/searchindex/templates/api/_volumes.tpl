{{/* What the API mounts: `volumes` of the pod and `mounts` of the container, as one document. */}}
{{- define "searchindex.apiVolumes" -}}
{{- $api := .Values.api -}}
{{- $qdrant := include "searchindex.qdrant" . | fromYaml -}}
volumes:
  - {name: tmp, emptyDir: {sizeLimit: {{ ternary "1Gi" "256Mi" $api.gpu.enabled }}}} {{- /* what is compiled for a GPU is kept there */}}
  - {name: thumbnails, emptyDir: {sizeLimit: {{ $api.thumbnailsSizeLimit }}}}
  {{- range $claim := include "searchindex.claims" . | fromYamlArray }}
  {{- $written := and (eq $api.model.source "hub") (eq $claim (include "searchindex.modelClaim" $)) }}
  - {name: {{ include "searchindex.claimVolume" $claim }}, persistentVolumeClaim: {claimName: {{ $claim }}, readOnly: {{ not $written }}}}
  {{- end }}
  {{- if eq $api.model.source "image" }}
  - {name: model, image: {reference: {{ $api.model.image.reference | quote }}, pullPolicy: {{ $api.model.image.pullPolicy }}}}
  {{- end }}
  {{- with $api.apiKeys.existingSecret }}
  - {name: keys, secret: {secretName: {{ . }}}}
  {{- end }}
  {{- with $qdrant.caSecret }}
  - {name: qdrant-ca, secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}}
  {{- end }}
  {{- with $api.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
mounts:
  - {name: tmp, mountPath: /tmp}
  - {name: thumbnails, mountPath: /thumbnails}
  {{- include "searchindex.modelMount" . | nindent 2 }}
  {{- if $api.apiKeys.existingSecret }}
  - {name: keys, mountPath: /etc/searchindex/keys, readOnly: true}
  {{- end }}
  {{- if $qdrant.caSecret }}
  - {name: qdrant-ca, mountPath: /etc/searchindex/qdrant-ca, readOnly: true}
  {{- end }}
  {{- range $source, $volume := $api.pictures }}
  - name: {{ include "searchindex.claimVolume" $volume.claimName }}
    mountPath: /pictures/{{ $source }}
    readOnly: true
    {{- with $volume.path }}
    subPath: {{ . | quote }}
    {{- end }}
  {{- end }}
  {{- with $api.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Each claim once, whatever lies in it: the kubelet never starts a pod that names a claim in two volumes. */}}
{{- define "searchindex.claims" -}}
{{- $model := .Values.api.model -}}
{{- $claims := list -}}
{{- if eq $model.source "hub" }}{{ $claims = append $claims (include "searchindex.modelClaim" .) }}{{ end -}}
{{- if eq $model.source "pvc" }}{{ $claims = append $claims $model.pvc.claimName }}{{ end -}}
{{- range .Values.api.pictures }}{{ $claims = append $claims .claimName }}{{ end -}}
{{- uniq $claims | toYaml -}}
{{- end -}}

{{- define "searchindex.claimVolume" -}}
claim-{{ sha256sum . | trunc 8 }}
{{- end -}}

{{/* The model, in the folder of its name below /models, or as /model alone. */}}
{{- define "searchindex.modelMount" -}}
{{- $model := .Values.api.model -}}
{{- if eq $model.source "hub" -}}
- {name: {{ include "searchindex.claimVolume" (include "searchindex.modelClaim" .) }}, mountPath: /models, readOnly: true}
{{- else if ne $model.source "baked" -}}
- name: {{ ternary (include "searchindex.claimVolume" $model.pvc.claimName) "model" (eq $model.source "pvc") }}
  mountPath: /model
  readOnly: true
  {{- with get (get $model $model.source) "path" }}
  subPath: {{ . | quote }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "searchindex.modelClaim" -}}
{{- .Values.api.model.hub.existingClaim | default (include "searchindex.name" (dict "context" . "component" "model")) -}}
{{- end -}}
