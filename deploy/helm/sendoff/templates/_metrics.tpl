{{/* Label matchers of the metrics of this installation, as its ServiceMonitor labels them. */}}
{{- define "sendoff.ownMetrics" -}}
{{ printf "namespace=%q,app_kubernetes_io_instance=%q" .Release.Namespace .Release.Name }}
{{- end -}}

{{/* The alert rules, for the metrics of this installation only. */}}
{{- define "sendoff.alerts" -}}
{{- $matchers := .Values.monitoring.selector | default (include "sendoff.ownMetrics" .) | replace "$" "$$" -}}
{{- $rules := .Files.Get "files/alerts.yaml" -}}
{{- $rules = regexReplaceAll "(sendoff_[a-z_]+)([^a-z_{])" $rules "${1}{}${2}" -}}
{{- regexReplaceAll "(sendoff_[a-z_]+)[{]" $rules (printf "${1}{%s," $matchers) | replace ",}" "}" -}}
{{- end -}}
