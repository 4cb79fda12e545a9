{{/* Rules for egress of NetworkPolicies, as lists. */}}

{{/* One rule: to some peers, or to all, on some ports. Takes (list peers ports). */}}
{{- define "sendoff.to" -}}
- ports:
    {{- range index . 1 }}
    - port: {{ . }}
    {{- end }}
  {{- with index . 0 }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "sendoff.portOf" -}}
{{- $parts := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $parts.host | trimPrefix ":" -}}
{{- $port | default (eq $parts.scheme "https" | ternary "443" "80") -}}
{{- end -}}

{{- define "sendoff.toKafka" -}}
{{- with .Values.kafka -}}
{{- if eq .kind "bundled" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (include "sendoff.selector" (list $ "kafka") | fromYaml)) -}}
{{ include "sendoff.to" (list (list $pods) (list 9092 9093)) }}
{{- else if eq .kind "strimzi" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (dict "strimzi.io/cluster" .strimzi.cluster "strimzi.io/kind" "Kafka")) -}}
{{ include "sendoff.to" (list (list $pods) (list .strimzi.port)) }}
{{- else -}}
{{- $ports := list -}}
{{- range .external.brokers }}{{ $ports = append $ports (regexFind "[0-9]+$" .) }}{{ end -}}
{{ include "sendoff.to" (list $.Values.networkPolicies.kafkaTo (uniq $ports)) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sendoff.toObjectStore" -}}
{{- with .Values.objectStore -}}
{{- if eq .kind "bundled" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (include "sendoff.selector" (list $ "object-store") | fromYaml)) -}}
{{ include "sendoff.to" (list (list $pods) (list 8333)) }}
{{- else -}}
{{ include "sendoff.to" (list $.Values.networkPolicies.objectStoreTo (list (include "sendoff.portOf" .external.endpoint))) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sendoff.toDatabase" -}}
{{- with .Values.database -}}
{{- if eq .kind "bundled" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (include "sendoff.selector" (list $ "postgresql") | fromYaml)) -}}
{{ include "sendoff.to" (list (list $pods) (list 5432)) }}
{{- else -}}
{{ include "sendoff.to" (list $.Values.networkPolicies.databaseTo (list .external.port)) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The receiver of traces, if there is one. */}}
{{- define "sendoff.toTraces" -}}
{{- with .Values.tracing.endpoint -}}
{{ include "sendoff.to" (list $.Values.networkPolicies.tracesTo (list (include "sendoff.portOf" .))) }}
{{- end -}}
{{- end -}}

{{/* All public addresses, and those networks that are allowed. Takes (list $ networks). */}}
{{- define "sendoff.toPublic" -}}
{{- $private := (index . 0).Values.networkPolicies.privateNetworks -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          {{- range $private }}
          {{- if not (contains ":" .) }}
          - {{ . }}
          {{- end }}
          {{- end }}
    - ipBlock:
        cidr: 2000::/3
        {{- $sixes := list }}
        {{- range $private }}{{ if contains ":" . }}{{ $sixes = append $sixes . }}{{ end }}{{ end }}
        {{- with $sixes }}
        except:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- range index . 1 }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end -}}
