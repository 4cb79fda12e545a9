{{/*
Functions run in the executor's pods. Its rules for brokers, object store and traces must not lead
to all addresses, of which some give credentials of the cloud to whoever asks.
*/}}
{{- define "sendoff.faultsOfNetworks" -}}
{{- $faults := list -}}
{{- if .Values.networkPolicies.enabled -}}
{{- $hosts := dict -}}
{{- if eq .Values.kafka.kind "external" }}{{ $_ := set $hosts "kafkaTo" (include "sendoff.brokerHosts" . | fromJsonArray) }}{{ end -}}
{{- with .Values.objectStore -}}
{{- if and (eq .kind "external") .external.endpoint }}{{ $_ := set $hosts "objectStoreTo" (list (include "sendoff.hostOf" .external.endpoint)) }}{{ end -}}
{{- end -}}
{{- with .Values.tracing.endpoint }}{{ $_ := set $hosts "tracesTo" (list (include "sendoff.hostOf" .)) }}{{ end -}}
{{- range $value, $names := $hosts -}}
{{- $unknown := (include "sendoff.peersOf" $names | fromJson).unknown -}}
{{- if and $unknown (not (get $.Values.networkPolicies $value)) -}}
{{- $faults = append $faults (printf "networkPolicies.%s is empty, and the addresses of %s are not known: list their networks or pods, or `public` if they have public addresses" $value (join ", " $unknown)) -}}
{{- end -}}
{{- end -}}
{{- range $value := list "kafkaTo" "objectStoreTo" "tracesTo" "databaseTo" -}}
{{- range get $.Values.networkPolicies $value -}}
{{- if kindIs "map" . -}}
{{- with .ipBlock -}}
{{- if and (hasSuffix "/0" .cidr) (not (contains ":" .cidr)) (not (has "169.254.0.0/16" (.except | default list))) -}}
{{- $faults = append $faults (printf "networkPolicies.%s leads to the metadata address 169.254.169.254 too: use `public`, or add 169.254.0.0/16 to except" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $value, $networks := dict "functions.networksAllowed" .Values.functions.networksAllowed "webhooks.networksAllowed" .Values.webhooks.networksAllowed -}}
{{- range $networks -}}
{{- if hasSuffix "/0" . -}}
{{- $faults = append $faults (printf "%s=%s leads to the metadata address 169.254.169.254 and all services of the cluster too: name the networks that are not public" $value .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}
