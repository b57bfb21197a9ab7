{{/* Names, labels, images. Every object of a component is named <release>-<component>. */}}
{{- define "searchindex.name" -}}
{{- printf "%s-%s" .context.Release.Name .component | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "searchindex.selector" -}}
app.kubernetes.io/name: searchindex
app.kubernetes.io/instance: {{ .context.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "searchindex.labels" -}}
{{ include "searchindex.selector" . }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version }}
{{- end -}}

{{- define "searchindex.metadata" -}}
name: {{ include "searchindex.name" . }}
namespace: {{ .context.Release.Namespace }}
labels: {{- include "searchindex.labels" . | nindent 2 }}
{{- end -}}

{{/* An image by `registry`, `repository`, `tag` and `digest`; the registry that `global` names comes first. */}}
{{- define "searchindex.image" -}}
{{- $name := printf "%s/%s" (.context.Values.global.imageRegistry | default .registry | trimSuffix "/") .repository -}}
{{- if .digest -}}
{{- printf "%s@%s" $name .digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.tag | default .context.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "searchindex.apiImage" -}}
{{- $image := .Values.api.image -}}
{{- $repository := $image.repository | default (ternary "searchindex/service-gpu" "searchindex/service" .Values.api.gpu.enabled) -}}
{{- include "searchindex.image" (merge (dict "context" . "repository" $repository) $image) -}}
{{- end -}}

{{/* What every pod has: what the restricted Pod Security Standard asks of it, no variables of other Services, no token. */}}
{{- define "searchindex.pod" -}}
enableServiceLinks: false
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "searchindex.podSecurity" . | nindent 2 }}
{{- end -}}

{{- define "searchindex.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The group of a volume that is written to is set by whoever mounts it first: here a pod of the API that waits for the Job, or the Job. */}}
{{- define "searchindex.modelGroup" -}}
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
{{- end -}}

{{/* Of a container; its root filesystem cannot be written. */}}
{{- define "searchindex.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Where a pod is put: `values` has some of nodeSelector, tolerations, affinity, priorityClassName, runtimeClassName. */}}
{{- define "searchindex.placement" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" "runtimeClassName" }}
{{- with get $.values $key }}
{{ $key }}: {{- if kindIs "string" . }} {{ . }}{{ else }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}
{{- end -}}
