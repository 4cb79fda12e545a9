{{/* Variables and files with which a client reaches the brokers. */}}

{{- define "sendoff.kafka.brokers" -}}
{{- with .Values.kafka -}}
{{- if eq .kind "bundled" -}}
{{ include "sendoff.name" $ }}-kafka:9092
{{- else if eq .kind "strimzi" -}}
{{ .strimzi.cluster }}-kafka-bootstrap.{{ $.Release.Namespace }}.svc:{{ .strimzi.port }}
{{- else -}}
{{ join "," .external.brokers }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sendoff.kafka.protocol" -}}
{{- with .Values.kafka -}}
{{- if eq .kind "bundled" }}sasl_plaintext{{ else if eq .kind "strimzi" }}sasl_ssl{{ else }}{{ .external.securityProtocol }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the authorities of the brokers, empty if there is none. */}}
{{- define "sendoff.kafka.caSecret" -}}
{{- with .Values.kafka -}}
{{- if eq .kind "strimzi" -}}
{{ .strimzi.cluster }}-cluster-ca-cert
{{- else if and (eq .kind "external") (hasSuffix "ssl" .external.securityProtocol) -}}
{{ .external.caSecret }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the client certificate, empty if there is none. Takes (list $ client). */}}
{{- define "sendoff.kafka.certificateSecret" -}}
{{- with (index . 0).Values.kafka -}}
{{- if and (eq .kind "external") (hasSuffix "ssl" .external.securityProtocol) -}}
{{ get .external.certificateSecrets (index $ 1) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The account of a client: a service, or setup. Takes (list $ client). */}}
{{- define "sendoff.kafka.username" -}}
{{- $client := index . 1 -}}
{{- with (index . 0).Values.kafka -}}
{{- $usual := printf "%s%s" .topicPrefix $client -}}
{{- if eq .kind "external" -}}
{{- if eq $client "setup" }}{{ .external.setupAccount.username }}{{ else }}{{ get .external.usernames $client | default $usual }}{{ end -}}
{{- else if and (eq .kind "bundled") (eq $client "setup") -}}
broker
{{- else -}}
{{ $usual }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Secret and the entry with the password of a client, as JSON. Takes (list $ client). */}}
{{- define "sendoff.kafka.password" -}}
{{- $ := index . 0 -}}
{{- $client := index . 1 -}}
{{- with $.Values.kafka -}}
{{- if eq .kind "strimzi" -}}
{{ dict "name" (include "sendoff.kafka.username" (list $ $client)) "key" "password" | toJson }}
{{- else if and (eq .kind "external") (eq $client "setup") -}}
{{ dict "name" .external.setupAccount.passwordSecret "key" .external.setupAccount.passwordKey | toJson }}
{{- else if and (eq .kind "external") .external.passwordsSecret -}}
{{ dict "name" .external.passwordsSecret "key" (printf "kafka-%s-password" $client) | toJson }}
{{- else -}}
{{ dict "name" (include "sendoff.secret" $) "key" (printf "kafka-%s-password" $client) | toJson }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Variables of a client. Takes (list $ client). */}}
{{- define "sendoff.kafka.environment" -}}
{{- $ := index . 0 -}}
{{- $protocol := include "sendoff.kafka.protocol" $ -}}
- name: KAFKA_BROKERS
  value: {{ include "sendoff.kafka.brokers" $ | quote }}
- name: KAFKA_SECURITY_PROTOCOL
  value: {{ $protocol }}
- name: KAFKA_TOPIC_PREFIX
  value: {{ $.Values.kafka.topicPrefix | quote }}
- name: KAFKA_PARTITIONS
  value: {{ $.Values.kafka.partitions | quote }}
- name: KAFKA_REPLICATION
  value: {{ $.Values.kafka.replication | quote }}
{{- if hasPrefix "sasl" $protocol }}
- name: KAFKA_SASL_MECHANISM
  value: {{ if eq $.Values.kafka.kind "external" }}{{ $.Values.kafka.external.saslMechanism }}{{ else }}SCRAM-SHA-512{{ end }}
- name: KAFKA_USERNAME
  value: {{ include "sendoff.kafka.username" . | quote }}
- name: KAFKA_PASSWORD_FILE
  value: /etc/sendoff/kafka-password/password
{{- end }}
{{- if include "sendoff.kafka.caSecret" $ }}
- name: KAFKA_CA_FILE
  value: /etc/sendoff/kafka-ca/ca.crt
{{- end }}
{{- if include "sendoff.kafka.certificateSecret" . }}
- name: KAFKA_CERTIFICATE_FILE
  value: /etc/sendoff/kafka-certificate/tls.crt
- name: KAFKA_KEY_FILE
  value: /etc/sendoff/kafka-certificate/tls.key
{{- end }}
{{- end -}}

{{/* The files that these variables name, as volumes. Kubernetes renews them when a Secret changes. */}}
{{- define "sendoff.kafka.volumes" -}}
{{- $ := index . 0 -}}
{{- if hasPrefix "sasl" (include "sendoff.kafka.protocol" $) }}
{{- $password := include "sendoff.kafka.password" . | fromJson }}
- name: kafka-password
  secret:
    secretName: {{ $password.name }}
    defaultMode: 0440
    items:
      - key: {{ $password.key }}
        path: password
{{- end }}
{{- with include "sendoff.kafka.caSecret" $ }}
- name: kafka-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- with include "sendoff.kafka.certificateSecret" . }}
- name: kafka-certificate
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "sendoff.kafka.mounts" -}}
{{- range include "sendoff.kafka.volumes" . | fromYamlArray }}
- name: {{ .name }}
  mountPath: /etc/sendoff/{{ .name }}
  readOnly: true
{{- end }}
{{- end -}}
