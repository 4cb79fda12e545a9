{{/*
The first fields of every pod. They pass the Pod Security level `restricted`. No pod but that of
the secrets talks to the API server. Takes (list $ component).
*/}}
{{- define "sendoff.pod" -}}
{{- $ := index . 0 -}}
serviceAccountName: {{ include "sendoff.accountName" . }}
automountServiceAccountToken: {{ eq (index . 1) "secrets" }}
# A Service named kafka would set KAFKA_PORT and its kin, which the services would read.
enableServiceLinks: false
{{- with $.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- if not (has (index . 1) (splitList " " (include "sendoff.services" $))) }}
{{- with $.Values.otherPods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.otherPods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The user of a pod. Takes values `podSecurity`. What is null is left to the cluster. */}}
{{- define "sendoff.podSecurity" -}}
{{- $values := . -}}
securityContext:
  runAsNonRoot: true
  {{- range $field := list "runAsUser" "runAsGroup" "fsGroup" }}
  {{- if and (hasKey $values $field) (not (kindIs "invalid" (get $values $field))) }}
  {{ $field }}: {{ get $values $field | int64 }}
  {{- end }}
  {{- end }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "sendoff.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* A Job or Pod of the image of Sendoff runs this program. Takes the path below dist/apps. */}}
{{- define "sendoff.program" -}}
[node, --disable-warning=ExperimentalWarning, dist/apps/{{ . }}]
{{- end -}}

{{/* Labels and annotations of a pod. Takes (list $ component). */}}
{{- define "sendoff.podMetadata" -}}
{{- $ := index . 0 -}}
{{- $values := get $.Values.services (index . 1) | default $.Values.otherPods -}}
labels:
  {{- include "sendoff.labels" . | nindent 2 }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The ServiceAccount of the owner that a pod gets, empty if the chart makes one. Takes (list $ component). */}}
{{- define "sendoff.existingAccount" -}}
{{- $ := index . 0 -}}
{{- if eq (index . 1) "secrets" -}}
{{ $.Values.secrets.serviceAccountName }}
{{- else -}}
{{ (get $.Values.services (index . 1) | default $.Values.otherPods).serviceAccountName }}
{{- end -}}
{{- end -}}

{{- define "sendoff.accountName" -}}
{{- include "sendoff.existingAccount" . | default (printf "%s-%s" (include "sendoff.name" (index . 0)) (index . 1)) -}}
{{- end -}}

{{/* Takes (list $ component), then, if there are any, its annotations. */}}
{{- define "sendoff.serviceAccount" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
{{- $annotations := dict -}}
{{- if gt (len .) 2 }}{{ $annotations = index . 2 }}{{ end -}}
{{- if not (include "sendoff.existingAccount" (list $ $component)) -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "sendoff.metadata" (list $ $component $component $annotations) | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}
{{- end -}}

{{/* The claim of a StatefulSet, or a folder that ends with the pod. Takes (list $ storage). */}}
{{- define "sendoff.claims" -}}
{{- with index . 1 -}}
{{- if .persistent }}
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .className }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ .size }}
{{- end }}
{{- end -}}
{{- end -}}
