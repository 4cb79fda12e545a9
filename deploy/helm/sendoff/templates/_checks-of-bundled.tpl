{{/*
Changes of bundled servers that lose data, or that Kubernetes refuses. What runs is looked up, so
`helm template` finds none of these faults.
*/}}
{{- define "sendoff.faultsOfBundled" -}}
{{- $ := . -}}
{{- $faults := list -}}
{{- range $value, $ending := dict "kafka" "kafka" "database" "postgresql" "objectStore" "object-store" -}}
{{- $name := printf "%s-%s" (include "sendoff.name" $) $ending -}}
{{- $set := lookup "apps/v1" "StatefulSet" $.Release.Namespace $name -}}
{{- $values := get $.Values $value -}}
{{- if and $set (ne $values.kind "bundled") -}}
{{- $faults = append $faults (printf "%s.kind=%s would remove the bundled server %s with what only it has: move as docs/kubernetes.md tells, then run `kubectl -n %s delete statefulset %s` and upgrade again" $value $values.kind $name $.Release.Namespace $name) -}}
{{- else if $set -}}
{{- $storage := $values.bundled.storage -}}
{{- $claim := dig "spec" "volumeClaimTemplates" list $set | first | default dict -}}
{{- $size := dig "spec" "resources" "requests" "storage" "" $claim -}}
{{- $class := dig "spec" "storageClassName" "" $claim -}}
{{- $place := printf "%s.bundled.storage" $value -}}
{{- $again := printf "`kubectl -n %s delete statefulset %s --cascade=orphan`, and upgrade again" $.Release.Namespace $name -}}
{{- if ne $storage.persistent (not (empty $claim)) -}}
{{- $faults = append $faults (printf "%s.persistent cannot change while the data is kept: set it to %t, or run `kubectl -n %s delete statefulset %s`, which ends without its data" $place (not $storage.persistent) $.Release.Namespace $name) -}}
{{- else if and $claim (ne $storage.size $size) -}}
{{- $faults = append $faults (printf "%s.size=%s, and the claim was made with %s, which a StatefulSet does not change: set the size of the claim data-%s-0 with `kubectl -n %s patch pvc data-%s-0 -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}'`, then %s" $place $storage.size $size $name $.Release.Namespace $name $storage.size $again) -}}
{{- else if and $claim (ne $storage.className $class) -}}
{{- $faults = append $faults (printf "%s.className=%q, and the claim was made with %q, which no claim changes: set it back, or move the data to a new claim data-%s-0 and then %s" $place $storage.className $class $name $again) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}
