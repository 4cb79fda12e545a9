{{/*
The beginning of all names, at most 40 characters, so that the longest ending still fits. A longer
one ends with a part of its hash, so that two releases with the same beginning differ.
*/}}
{{- define "sendoff.name" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- $name := printf "%s-%s" .Release.Name $chart -}}
{{- if .Values.fullnameOverride -}}
{{- $name = .Values.fullnameOverride -}}
{{- else if contains $chart .Release.Name -}}
{{- $name = .Release.Name -}}
{{- end -}}
{{- if gt (len $name) 40 -}}
{{- printf "%s-%s" ($name | trunc 31 | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of a component. Takes (list $ component). They must never change. */}}
{{- define "sendoff.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: sendoff
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of an object. Takes (list $ component). */}}
{{- define "sendoff.labels" -}}
{{- $ := index . 0 -}}
{{ include "sendoff.selector" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
{{- with $.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
Name, namespace, annotations and labels of an object. Takes (list $ component), then, if they
differ, the ending of its name and its own annotations. The labels are last: more may follow.
*/}}
{{- define "sendoff.metadata" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
{{- $ending := $component -}}
{{- if gt (len .) 2 }}{{ $ending = index . 2 }}{{ end -}}
{{- $own := dict -}}
{{- if gt (len .) 3 }}{{ $own = index . 3 | default dict }}{{ end -}}
name: {{ include "sendoff.name" $ }}-{{ $ending }}
namespace: {{ $.Release.Namespace }}
{{- with merge (deepCopy $own) $.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
labels:
  {{- include "sendoff.labels" (list $ $component) | nindent 2 }}
{{- end -}}

{{/* Annotations of a hook before an installation or upgrade, as JSON. Takes its weight. */}}
{{- define "sendoff.hook" -}}
{{- dict
  "helm.sh/hook" "pre-install,pre-upgrade"
  "helm.sh/hook-weight" (toString .)
  "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded"
| toJson -}}
{{- end -}}

{{- define "sendoff.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Secret with keys, credentials and passwords. */}}
{{- define "sendoff.secret" -}}
{{- .Values.secrets.existingSecret | default (printf "%s-secrets" (include "sendoff.name" .)) -}}
{{- end -}}

{{/* The five services, as a list. */}}
{{- define "sendoff.services" -}}
ingress executor retry-scheduler notifier status-logger
{{- end -}}

{{/* A URL of a service of this chart. Takes (list $ component). */}}
{{- define "sendoff.url" -}}
http://{{ include "sendoff.name" (index . 0) }}-{{ index . 1 }}:8700
{{- end -}}
