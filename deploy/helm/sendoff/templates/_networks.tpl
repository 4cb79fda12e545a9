{{/* Rules for egress of NetworkPolicies, as lists. */}}

{{/* One rule: to some peers on some ports. Takes (list $ peers ports). `public` is a peer too. */}}
{{- define "sendoff.to" -}}
{{- $ := index . 0 -}}
- ports:
    {{- range index . 2 }}
    - port: {{ . }}
    {{- end }}
  to:
    {{- range index . 1 }}
    {{- if eq (toString .) "public" }}
    {{- include "sendoff.publicPeers" $ | nindent 4 }}
    {{- else }}
    {{- toYaml (list .) | nindent 4 }}
    {{- end }}
    {{- end }}
{{- end -}}

{{/*
Peers that host names themselves tell: an address, or a Service with its namespace. Others are not
known before the cluster asks for them. Takes a list, and returns peers and unknown as JSON.
*/}}
{{- define "sendoff.peersOf" -}}
{{- $peers := list -}}
{{- $unknown := list -}}
{{- range . -}}
{{- if regexMatch "^[0-9]+(\\.[0-9]+){3}$" . -}}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" (printf "%s/32" .))) -}}
{{- else if regexMatch "^\\[.*\\]$" . -}}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" (printf "%s/128" (trimAll "[]" .)))) -}}
{{- else if regexMatch "\\.[a-z0-9-]+\\.svc(\\.|$)" . -}}
{{- $namespace := regexFind "\\.[a-z0-9-]+\\.svc" . | trimPrefix "." | trimSuffix ".svc" -}}
{{- $peers = append $peers (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace))) -}}
{{- else -}}
{{- $unknown = append $unknown . -}}
{{- end -}}
{{- end -}}
{{- dict "peers" (uniq $peers) "unknown" (uniq $unknown) | toJson -}}
{{- end -}}

{{/* The host of a URL. */}}
{{- define "sendoff.hostOf" -}}
{{- regexReplaceAll ":[0-9]+$" (urlParse .).host "" -}}
{{- end -}}

{{/*
The hosts of external brokers, as JSON. An address keeps its port, so that it counts as unknown:
bootstrap brokers name others, which are elsewhere.
*/}}
{{- define "sendoff.brokerHosts" -}}
{{- $hosts := list -}}
{{- range .Values.kafka.external.brokers }}{{ $hosts = append $hosts (regexReplaceAll "([.]svc[^:]*):[0-9]+$" . "${1}") }}{{ end -}}
{{- toJson $hosts -}}
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
{{ include "sendoff.to" (list $ (list $pods) (list 9092 9093)) }}
{{- else if eq .kind "strimzi" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (dict "strimzi.io/cluster" .strimzi.cluster "strimzi.io/kind" "Kafka")) -}}
{{ include "sendoff.to" (list $ (list $pods) (list .strimzi.port)) }}
{{- else -}}
{{- $ports := list -}}
{{- range .external.brokers }}{{ $ports = append $ports (regexFind "[0-9]+$" .) }}{{ end -}}
{{- $peers := $.Values.networkPolicies.kafkaTo | default (include "sendoff.peersOf" (include "sendoff.brokerHosts" $ | fromJsonArray) | fromJson).peers -}}
{{ include "sendoff.to" (list $ $peers (uniq $ports)) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sendoff.toObjectStore" -}}
{{- with .Values.objectStore -}}
{{- if eq .kind "bundled" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (include "sendoff.selector" (list $ "object-store") | fromYaml)) -}}
{{ include "sendoff.to" (list $ (list $pods) (list 8333)) }}
{{- else -}}
{{- $peers := $.Values.networkPolicies.objectStoreTo | default (include "sendoff.peersOf" (list (include "sendoff.hostOf" .external.endpoint)) | fromJson).peers -}}
{{ include "sendoff.to" (list $ $peers (list (include "sendoff.portOf" .external.endpoint))) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sendoff.toDatabase" -}}
{{- with .Values.database -}}
{{- if eq .kind "bundled" -}}
{{- $pods := dict "podSelector" (dict "matchLabels" (include "sendoff.selector" (list $ "postgresql") | fromYaml)) -}}
{{ include "sendoff.to" (list $ (list $pods) (list 5432)) }}
{{- else -}}
{{- /* No code of users runs in the status-logger. Its host is in a Secret. */}}
{{- $all := list (dict "ipBlock" (dict "cidr" "0.0.0.0/0" "except" (list "169.254.0.0/16"))) (dict "ipBlock" (dict "cidr" "::/0" "except" (list "fe80::/10"))) -}}
{{ include "sendoff.to" (list $ ($.Values.networkPolicies.databaseTo | default $all) (list .external.port)) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The receiver of traces, if there is one. */}}
{{- define "sendoff.toTraces" -}}
{{- with .Values.tracing.endpoint -}}
{{- $peers := $.Values.networkPolicies.tracesTo | default (include "sendoff.peersOf" (list (include "sendoff.hostOf" .)) | fromJson).peers -}}
{{ include "sendoff.to" (list $ $peers (list (include "sendoff.portOf" .))) }}
{{- end -}}
{{- end -}}

{{/* All public addresses, as peers. */}}
{{- define "sendoff.publicPeers" -}}
{{- $fours := list -}}
{{- $sixes := list -}}
{{- range .Values.networkPolicies.privateNetworks -}}
{{- if contains ":" . }}{{ $sixes = append $sixes . }}{{ else }}{{ $fours = append $fours . }}{{ end -}}
{{- end -}}
- ipBlock:
    cidr: 0.0.0.0/0
    {{- with $fours }}
    except:
      {{- toYaml . | nindent 6 }}
    {{- end }}
- ipBlock:
    cidr: 2000::/3
    {{- with $sixes }}
    except:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end -}}

{{/* All public addresses, and those networks that are allowed. Takes (list $ networks). */}}
{{- define "sendoff.toPublic" -}}
- to:
    {{- include "sendoff.publicPeers" (index . 0) | nindent 4 }}
    {{- range index . 1 }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end -}}

{{- define "sendoff.toDns" -}}
- ports:
    {{- range .Values.networkPolicies.dnsPorts }}
    - { protocol: UDP, port: {{ . }} }
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end -}}
