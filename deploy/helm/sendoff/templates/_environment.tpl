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
{{- end -}}
{{- end -}}
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
