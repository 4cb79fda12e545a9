{{/* Variables and volumes of the operator: known to the service, and not set by the chart. */}}
{{- define "sendoff.faultsOfSettings" -}}
{{- $faults := list -}}
{{- $known := .Files.Get "files/settings.json" | fromJson -}}
{{- range $service := splitList " " (include "sendoff.services" .) -}}
{{- $set := concat (include "sendoff.kafka.environment" (list $ $service) | fromYamlArray) (include "sendoff.environment" (list $ $service) | fromYamlArray) -}}
{{- $own := list "SENDOFF_HOST" "SERVICE_PORT" "SENDOFF_DATA_DIR" -}}
{{- range $set }}{{ $own = append $own .name }}{{ end -}}
{{- range $name, $value := (index $.Values.services $service).settings -}}
{{- if has $name $own -}}
{{- $faults = append $faults (printf "services.%s.settings.%s is set by the chart: use the value for it" $service $name) -}}
{{- else if not (has $name (get $known $service)) -}}
{{- $faults = append $faults (printf "services.%s.settings.%s is no setting of this service: docs/config.md lists them; other variables go to extraEnv" $service $name) -}}
{{- else if and (eq $name "DRAIN_TIMEOUT_MS") (gt (int $value) 24000) -}}
{{- $faults = append $faults (printf "services.%s.settings.DRAIN_TIMEOUT_MS=%d is above 24000, the most in which a service can end its work: lower it" $service (int $value)) -}}
{{- end -}}
{{- end -}}
{{- range (index $.Values.services $service).extraEnv -}}
{{- if has .name $own -}}
{{- $faults = append $faults (printf "services.%s.extraEnv sets %s, as the chart does: use the value for it" $service .name) -}}
{{- end -}}
{{- end -}}
{{- $volumes := concat (list "data" "tmp" "kafka-password" "kafka-ca" "kafka-certificate") (list "database-ca" "object-store-ca" "traces-ca") -}}
{{- range (index $.Values.services $service).extraVolumes -}}
{{- if has .name $volumes -}}
{{- $faults = append $faults (printf "services.%s.extraVolumes names a volume %s, as the chart does: choose another name" $service .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}
