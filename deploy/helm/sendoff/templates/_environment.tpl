{{/* A variable whose value is an entry of a Secret. Takes (list variable secret key). */}}
{{- define "sendoff.fromSecret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end -}}

{{/* The object store, for ingress, executor and notifier. */}}
{{- define "sendoff.s3.environment" -}}
{{- with .Values.objectStore -}}
{{- if eq .kind "bundled" -}}
- name: S3_ENDPOINT
  value: http://{{ include "sendoff.name" $ }}-object-store:8333
{{ include "sendoff.fromSecret" (list "S3_ACCESS_KEY" (include "sendoff.secret" $) "s3-access-key") }}
{{ include "sendoff.fromSecret" (list "S3_SECRET_KEY" (include "sendoff.secret" $) "s3-secret-key") }}
{{- else -}}
- name: S3_ENDPOINT
  value: {{ .external.endpoint | quote }}
- name: S3_REGION
  value: {{ .external.region | quote }}
{{ include "sendoff.fromSecret" (list "S3_ACCESS_KEY" .external.secret .external.accessKeyKey) }}
{{ include "sendoff.fromSecret" (list "S3_SECRET_KEY" .external.secret .external.secretKeyKey) }}
{{- if .external.caSecret }}
- name: S3_CA_FILE
  value: /etc/sendoff/object-store-ca/ca.crt
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sendoff.database.environment" -}}
{{- with .Values.database -}}
{{- if eq .kind "bundled" -}}
{{ include "sendoff.fromSecret" (list "POSTGRES_PASSWORD" (include "sendoff.secret" $) "postgresql-password") }}
- name: DATABASE_URL
  value: postgres://sendoff:$(POSTGRES_PASSWORD)@{{ include "sendoff.name" $ }}-postgresql:5432/sendoff
{{- else -}}
{{ include "sendoff.fromSecret" (list "DATABASE_URL" .external.urlSecret .external.urlKey) }}
{{- if .external.caSecret }}
- name: DATABASE_CA_FILE
  value: /etc/sendoff/database-ca/ca.crt
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Secrets with the authorities of other servers that a service reaches, by the name of the volume, as
JSON. Those of the brokers are beside their passwords. Takes (list $ service).
*/}}
{{- define "sendoff.authorities" -}}
{{- $values := (index . 0).Values -}}
{{- $service := index . 1 -}}
{{- $found := dict -}}
{{- if and (eq $service "status-logger") (eq $values.database.kind "external") -}}
{{- $_ := set $found "database-ca" $values.database.external.caSecret -}}
{{- end -}}
{{- if and (has $service (list "ingress" "executor" "notifier")) (eq $values.objectStore.kind "external") -}}
{{- $_ := set $found "object-store-ca" $values.objectStore.external.caSecret -}}
{{- end -}}
{{- if $values.tracing.endpoint -}}
{{- $_ := set $found "traces-ca" $values.tracing.caSecret -}}
{{- end -}}
{{- range $volume, $secret := $found -}}
{{- if not $secret }}{{ $_ := unset $found $volume }}{{ end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* Variables of one service, without those of Kafka and its own settings. Takes (list $ service). */}}
{{- define "sendoff.environment" -}}
{{- $ := index . 0 -}}
{{- $service := index . 1 -}}
{{- $secret := include "sendoff.secret" $ -}}
{{- $functions := $.Values.functions -}}
- name: LOG_LEVEL
  value: {{ $.Values.logLevel }}
{{- with $.Values.tracing }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .sampler }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .samplerShare | quote }}
{{- if .caSecret }}
- name: OTEL_EXPORTER_OTLP_CERTIFICATE
  value: /etc/sendoff/traces-ca/ca.crt
{{- end }}
{{- with .headersSecret }}
{{ include "sendoff.fromSecret" (list "OTEL_EXPORTER_OTLP_HEADERS" . $.Values.tracing.headersKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- if has $service (list "ingress" "executor" "notifier") }}
- name: SENDOFF_REGION
  value: {{ $.Values.region }}
{{ include "sendoff.s3.environment" $ }}
{{- end }}
{{- if has $service (list "ingress" "executor") }}
- name: S3_CODE_BUCKET
  value: {{ $.Values.objectStore.codeBucket }}
- name: FUNCTION_ISOLATION
  value: {{ $functions.isolation }}
{{- with $functions.networksAllowed }}
- name: FUNCTION_NETWORKS_ALLOWED
  value: {{ join "," . }}
{{- end }}
{{- with $functions.networksDenied }}
- name: FUNCTION_NETWORKS_DENIED
  value: {{ join "," . }}
{{- end }}
{{- end }}
{{- if has $service (list "ingress" "notifier") }}
{{- with $.Values.api.publicUrl }}
- name: SENDOFF_PUBLIC_URL
  value: {{ . | quote }}
{{- end }}
{{- with $.Values.webhooks.networksAllowed }}
- name: WEBHOOK_NETWORKS_ALLOWED
  value: {{ join "," . }}
{{- end }}
{{- end }}
{{- if has $service (list "executor" "notifier" "status-logger") }}
{{ include "sendoff.fromSecret" (list "SENDOFF_PUBLIC_KEYS" $secret "public-keys") }}
{{- end }}
{{- if eq $service "ingress" }}
{{ include "sendoff.fromSecret" (list "SENDOFF_PLATFORM_KEY" $secret "platform-key") }}
{{ include "sendoff.fromSecret" (list "SENDOFF_PROJECT_ID" $secret "project-id") }}
{{ include "sendoff.fromSecret" (list "SENDOFF_TOKEN" $secret "token") }}
{{ include "sendoff.fromSecret" (list "SENDOFF_ACCESS_KEY" $secret "access-key") }}
{{ include "sendoff.fromSecret" (list "SENDOFF_SECRET_KEY" $secret "secret-key") }}
- name: STATUS_LOGGER_URL
  value: {{ include "sendoff.url" (list $ "status-logger") }}
{{- else if eq $service "executor" }}
{{ include "sendoff.fromSecret" (list "SENDOFF_FUNCTIONS_KEY" $secret "functions-key") }}
- name: FUNCTION_EGRESS
  value: {{ $functions.egress }}
{{- else if eq $service "notifier" }}
{{ include "sendoff.fromSecret" (list "SENDOFF_SUBSCRIPTION_KEY" $secret "subscription-key") }}
{{- else if eq $service "status-logger" }}
{{ include "sendoff.database.environment" $ }}
- name: STATUS_LOG_SINK
  value: stdout
{{- end }}
{{- end -}}
