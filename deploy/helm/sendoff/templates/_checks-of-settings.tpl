{{/*
Variables and volumes of the operator: known to the service, not set by the chart, and with values
within the bounds that the service declares.
*/}}
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
{{- else if not (hasKey (get $known $service) $name) -}}
{{- $faults = append $faults (printf "services.%s.settings.%s is no setting of this service: docs/config.md lists them; other variables go to extraEnv" $service $name) -}}
{{- else -}}
{{- with include "sendoff.faultOfSetting" (list $value (index $known $service $name)) -}}
{{- $faults = append $faults (printf "services.%s.settings.%s=%s %s" $service $name (include "sendoff.settingText" $value) .) -}}
{{- end -}}
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

{{/* The text of a setting. Helm reads numbers as floats, and would write 536870912 as 5.36870912e+08. */}}
{{- define "sendoff.settingText" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{/*
The fault of a value, empty if the service takes it. Takes (list value rule), where the rule is from
files/settings.json. An empty text counts as unset.
*/}}
{{- define "sendoff.faultOfSetting" -}}
{{- $text := include "sendoff.settingText" (index . 0) -}}
{{- $rule := index . 1 -}}
{{- if and $text (eq ($rule.kind | default "") "integer") -}}
{{- if not (regexMatch "^-?[0-9]+([eE][+]?[0-9]+)?$" $text) -}}
is no whole number: change it
{{- else if and (hasKey $rule "min") (lt (float64 $text) (float64 $rule.min)) -}}
{{ printf "is below %s, the least that the service takes: raise it" (toJson $rule.min) }}
{{- else if and (hasKey $rule "max") (gt (float64 $text) (float64 $rule.max)) -}}
{{ printf "is above %s, the most that the service takes: lower it" (toJson $rule.max) }}
{{- end -}}
{{- else if and $text (eq ($rule.kind | default "") "choice") (not (has $text $rule.words)) -}}
{{ printf "is none of %s: choose one" (join ", " $rule.words) }}
{{- else if and $text (eq ($rule.kind | default "") "boolean") (not (has $text (list "true" "false" "1" "0"))) -}}
is neither true nor false: change it
{{- end -}}
{{- end -}}
