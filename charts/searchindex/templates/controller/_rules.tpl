{{/* What the controller may do in a namespace that it watches, and why. */}}
{{- define "searchindex.controllerRules" -}}
# the resource: read it, set its finalizer, write its status; `finalizers` is asked for by owner references that block deletion
- apiGroups: [searchindex.dev]
  resources: [searchindexes]
  verbs: [get, list, watch, patch]
- apiGroups: [searchindex.dev]
  resources: [searchindexes/status]
  verbs: [patch]
- apiGroups: [searchindex.dev]
  resources: [searchindexes/finalizers]
  verbs: [update]
# its indexing Jobs: server-side apply is create and patch
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# why a pod does not run, and how far it is
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list]
# the store's API key and certificate authority, by the names that a SearchIndex gives
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# whether the namespace is being deleted: then nothing is waited for
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
# what is said of a SearchIndex
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}
