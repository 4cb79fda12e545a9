{{/*
Checks that a schema cannot make. All faults are reported together, each with what to change.
Objects of the cluster are looked for only if a cluster answers: `helm template` has none.
*/}}
{{- define "sendoff.checks" -}}
{{- $faults := concat
  (include "sendoff.faultsOfCluster" . | fromYamlArray)
  (include "sendoff.faultsOfKafka" . | fromYamlArray)
  (include "sendoff.faultsOfStores" . | fromYamlArray)
  (include "sendoff.faultsOfServices" . | fromYamlArray)
  (include "sendoff.faultsOfSettings" . | fromYamlArray)
  (include "sendoff.faultsOfNetworks" . | fromYamlArray)
  (include "sendoff.faultsOfBundled" . | fromYamlArray)
  (include "sendoff.faultsOfLabels" . | fromYamlArray)
  (include "sendoff.faultsOfSecrets" . | fromYamlArray)
-}}
{{- if $faults }}
{{- printf "\n\nThese values do not work:\n- %s\n" (join "\n- " $faults) | fail }}
{{- end }}
{{- end -}}

{{/* True if a cluster answers. Every namespace has the account `default`. */}}
{{- define "sendoff.hasCluster" -}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "default" }}true{{ end -}}
{{- end -}}

{{/* The version of Strimzi's objects. Strimzi 0.49 has both, 1.0 only the first. */}}
{{- define "sendoff.strimziVersion" -}}
{{- if or (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1") (not (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1beta2")) -}}
kafka.strimzi.io/v1
{{- else -}}
kafka.strimzi.io/v1beta2
{{- end -}}
{{- end -}}

{{- define "sendoff.faultsOfCluster" -}}
{{- $ := . -}}
{{- $version := .Capabilities.KubeVersion.Version -}}
{{- $offline := "" -}}
{{- if not (include "sendoff.hasCluster" .) -}}
{{- $offline = "; without a cluster helm takes a version of its own: name yours with --kube-version 1.34.0" -}}
{{- end -}}
{{- $faults := list -}}
{{- if semverCompare "<1.29.0-0" $version -}}
{{- $faults = append $faults (printf "Kubernetes is %s, and this chart needs 1.29 or newer: update the cluster%s" $version $offline) -}}
{{- end -}}
{{- if and (eq .Values.functions.securityProfile "user-namespaces") (semverCompare "<1.33.0-0" $version) -}}
{{- $faults = append $faults (printf "functions.securityProfile=user-namespaces needs Kubernetes 1.33 or newer, and the cluster has %s: update it, or set functions.securityProfile=restricted%s" $version $offline) -}}
{{- end -}}
{{- if include "sendoff.hasCluster" . -}}
{{- $needs := dict
  "autoscaling.enabled" (dict "on" .Values.autoscaling.enabled "api" "keda.sh/v1alpha1" "what" "KEDA")
  "api.httpRoute.enabled" (dict "on" .Values.api.httpRoute.enabled "api" "gateway.networking.k8s.io/v1" "what" "the Gateway API")
  "monitoring.serviceMonitor.enabled" (dict "on" .Values.monitoring.serviceMonitor.enabled "api" "monitoring.coreos.com/v1" "what" "the Prometheus operator")
  "monitoring.prometheusRule.enabled" (dict "on" .Values.monitoring.prometheusRule.enabled "api" "monitoring.coreos.com/v1" "what" "the Prometheus operator")
-}}
{{- range $value, $need := $needs -}}
{{- if and $need.on (not ($.Capabilities.APIVersions.Has $need.api)) -}}
{{- $faults = append $faults (printf "%s needs %s, which the cluster does not have (%s): install it, or set %s=false" $value $need.what $need.api $value) -}}
{{- end -}}
{{- end -}}
{{- $hasStrimzi := or (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1") (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1beta2") -}}
{{- if and (eq .Values.kafka.kind "strimzi") (not $hasStrimzi) -}}
{{- $faults = append $faults "kafka.kind=strimzi needs the Strimzi operator, which the cluster does not have: install it, or set kafka.kind" -}}
{{- else if and (eq .Values.kafka.kind "strimzi") .Values.kafka.strimzi.cluster -}}
{{- if not (lookup (include "sendoff.strimziVersion" .) "Kafka" .Release.Namespace .Values.kafka.strimzi.cluster) -}}
{{- $faults = append $faults (printf "the namespace %s has no Kafka named %s: create it there, or set kafka.strimzi.cluster" .Release.Namespace .Values.kafka.strimzi.cluster) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{- define "sendoff.faultsOfKafka" -}}
{{- $faults := list -}}
{{- with .Values.kafka -}}
{{- if and (eq .kind "bundled") (gt (int .replication) 1) -}}
{{- $faults = append $faults "kafka.replication must be 1 for the bundled broker, which is alone: set kafka.kind to strimzi or external for more" -}}
{{- else if eq .kind "strimzi" -}}
{{- if not .strimzi.cluster -}}
{{- $faults = append $faults "kafka.strimzi.cluster is empty: set it to the name of the Kafka resource" -}}
{{- end -}}
{{- if not (regexMatch "^([a-z0-9]([a-z0-9-]*[a-z0-9])?[.-])?$" .topicPrefix) -}}
{{- $faults = append $faults (printf "kafka.topicPrefix=%s begins the names of KafkaUsers: use lower case letters, digits and -, with . or - at the end" .topicPrefix) -}}
{{- end -}}
{{- else if eq .kind "external" -}}
{{- $external := .external -}}
{{- if not $external.brokers -}}
{{- $faults = append $faults "kafka.external.brokers is empty: list the bootstrap brokers" -}}
{{- end -}}
{{- $isSasl := hasPrefix "sasl" $external.securityProtocol -}}
{{- if and $isSasl (ne $external.setup "none") (not (and $external.setupAccount.username $external.setupAccount.passwordSecret)) -}}
{{- $faults = append $faults "kafka.external.setupAccount needs username and passwordSecret of an account that may create topics: set both, or create the topics yourself and set kafka.external.setup=none" -}}
{{- end -}}
{{- if and (eq $external.setup "accounts") (not (and $isSasl (eq $external.saslMechanism "SCRAM-SHA-512"))) -}}
{{- $faults = append $faults "kafka.external.setup=accounts makes accounts for SCRAM-SHA-512: set saslMechanism to it, or set setup to topics or none" -}}
{{- end -}}
{{- if and (eq $external.setup "accounts") $external.usernames -}}
{{- $faults = append $faults "kafka.external.setup=accounts chooses the names of the accounts: remove kafka.external.usernames" -}}
{{- end -}}
{{- if and $isSasl (ne $external.setup "accounts") (not $external.passwordsSecret) (not $.Values.secrets.existingSecret) -}}
{{- $faults = append $faults "kafka.external.passwordsSecret is empty: name the Secret with the passwords of the accounts, or set kafka.external.setup=accounts" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{- define "sendoff.faultsOfStores" -}}
{{- $faults := list -}}
{{- if and (eq .Values.database.kind "external") (not .Values.database.external.urlSecret) -}}
{{- $faults = append $faults "database.external.urlSecret is empty: name the Secret with the URL of the database" -}}
{{- end -}}
{{- with .Values.objectStore -}}
{{- if and (eq .kind "external") (not (and .external.endpoint .external.secret)) -}}
{{- $faults = append $faults "objectStore.external needs endpoint and secret: set both" -}}
{{- end -}}
{{- if and (eq .kind "external") .external.caSecret (not (hasPrefix "https://" .external.endpoint)) -}}
{{- $faults = append $faults "objectStore.external.caSecret needs an endpoint that begins with https://: change it, or remove caSecret" -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{- define "sendoff.faultsOfServices" -}}
{{- $ := . -}}
{{- $faults := list -}}
{{- $functions := .Values.functions -}}
{{- if and (eq $functions.isolation "kernel") (eq $functions.securityProfile "restricted") (not $functions.runtimeClassName) -}}
{{- $faults = append $faults "functions.isolation=kernel is not possible in a restricted pod: set functions.securityProfile=user-namespaces, or functions.runtimeClassName to a sandbox, or functions.isolation=auto" -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if .enabled -}}
{{- if not .prometheusUrl -}}
{{- $faults = append $faults "autoscaling.prometheusUrl is empty: set the URL of the Prometheus that scrapes the executors" -}}
{{- end -}}
{{- if gt (int .replicasMin) (int .replicasMax) -}}
{{- $faults = append $faults "autoscaling.replicasMin is above replicasMax: change one of them" -}}
{{- end -}}
{{- if gt (int .replicasMax) (int $.Values.kafka.partitions) -}}
{{- $faults = append $faults (printf "autoscaling.replicasMax=%d is above kafka.partitions=%d, and an executor without a partition has no work: lower the first, or raise the second" (int .replicasMax) (int $.Values.kafka.partitions)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicies.enabled (not .Values.networkPolicies.metricsFrom) -}}
{{- range $value, $isOn := dict "autoscaling.enabled" .Values.autoscaling.enabled "monitoring.serviceMonitor.enabled" .Values.monitoring.serviceMonitor.enabled -}}
{{- if $isOn -}}
{{- $faults = append $faults (printf "%s needs Prometheus, which may scrape no service: set networkPolicies.metricsFrom to its namespace or pods" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $service := splitList " " (include "sendoff.services" .) -}}
{{- $replicas := int (index $.Values.services $service).replicas -}}
{{- if and (gt $replicas (int $.Values.kafka.partitions)) (ne $service "ingress") -}}
{{- $faults = append $faults (printf "services.%s.replicas=%d is above kafka.partitions=%d, and a pod without a partition has no work: lower the first, or raise the second" $service $replicas (int $.Values.kafka.partitions)) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.api.ingress.enabled .Values.api.ingress.tlsSecret (not .Values.api.ingress.host) -}}
{{- $faults = append $faults "api.ingress.tlsSecret needs api.ingress.host: set it" -}}
{{- end -}}
{{- if and .Values.api.httpRoute.enabled (not .Values.api.httpRoute.parentRefs) -}}
{{- $faults = append $faults "api.httpRoute.parentRefs is empty: name the Gateway" -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{/* Labels by which the chart finds its objects are not for others. */}}
{{- define "sendoff.faultsOfLabels" -}}
{{- $faults := list -}}
{{- $own := keys (include "sendoff.labels" (list (dict "Release" .Release "Chart" .Chart "Values" (dict "commonLabels" dict)) "any") | fromYaml) -}}
{{- $given := dict "commonLabels" .Values.commonLabels "otherPods.podLabels" .Values.otherPods.podLabels -}}
{{- range $service, $values := .Values.services -}}
{{- $_ := set $given (printf "services.%s.podLabels" $service) $values.podLabels -}}
{{- end -}}
{{- range $kind, $values := .Values.monitoring -}}
{{- if kindIs "map" $values }}{{ $_ := set $given (printf "monitoring.%s.labels" $kind) $values.labels }}{{ end -}}
{{- end -}}
{{- range $value, $labels := $given -}}
{{- range $name, $_ := $labels -}}
{{- if has $name $own -}}
{{- $faults = append $faults (printf "%s sets %s, by which the chart finds its objects: remove it" $value $name) -}}
{{- else if and (ne $value "commonLabels") (hasKey $.Values.commonLabels $name) -}}
{{- $faults = append $faults (printf "%s sets %s, as commonLabels does: remove it from one of them" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{/* Secrets of others that are missing, or lack an entry. */}}
{{- define "sendoff.faultsOfSecrets" -}}
{{- $ := . -}}
{{- $faults := list -}}
{{- if include "sendoff.hasCluster" . -}}
{{- $needs := list -}}
{{- with .Values.secrets.existingSecret -}}
{{- range $key := splitList " " (include "sendoff.secretKeys" $) -}}
{{- $needs = append $needs (dict "value" "secrets.existingSecret" "name" $.Values.secrets.existingSecret "key" $key) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.kafka.kind "external" -}}
{{- $external := .Values.kafka.external -}}
{{- with include "sendoff.kafka.caSecret" . -}}
{{- $needs = append $needs (dict "value" "kafka.external.caSecret" "name" . "key" "ca.crt") -}}
{{- end -}}
{{- if $external.passwordsSecret -}}
{{- range $service := splitList " " (include "sendoff.services" $) -}}
{{- $needs = append $needs (dict "value" "kafka.external.passwordsSecret" "name" $external.passwordsSecret "key" (printf "kafka-%s-password" $service)) -}}
{{- end -}}
{{- end -}}
{{- if and (ne $external.setup "none") $external.setupAccount.passwordSecret -}}
{{- $needs = append $needs (dict "value" "kafka.external.setupAccount.passwordSecret" "name" $external.setupAccount.passwordSecret "key" $external.setupAccount.passwordKey) -}}
{{- end -}}
{{- range $client, $name := $external.certificateSecrets -}}
{{- $needs = append $needs (dict "value" (printf "kafka.external.certificateSecrets.%s" $client) "name" $name "key" "tls.crt") -}}
{{- end -}}
{{- end -}}
{{- with .Values.database -}}
{{- if and (eq .kind "external") .external.urlSecret -}}
{{- $needs = append $needs (dict "value" "database.external.urlSecret" "name" .external.urlSecret "key" .external.urlKey) -}}
{{- end -}}
{{- end -}}
{{- with .Values.objectStore -}}
{{- if and (eq .kind "external") .external.secret -}}
{{- $needs = append $needs (dict "value" "objectStore.external.secret" "name" .external.secret "key" .external.accessKeyKey) -}}
{{- $needs = append $needs (dict "value" "objectStore.external.secret" "name" .external.secret "key" .external.secretKeyKey) -}}
{{- end -}}
{{- end -}}
{{- range $value, $secret := dict
  "database.external.caSecret" (eq .Values.database.kind "external" | ternary .Values.database.external.caSecret "")
  "objectStore.external.caSecret" (eq .Values.objectStore.kind "external" | ternary .Values.objectStore.external.caSecret "")
  "tracing.caSecret" (empty .Values.tracing.endpoint | ternary "" .Values.tracing.caSecret)
-}}
{{- if $secret -}}
{{- $needs = append $needs (dict "value" $value "name" $secret "key" "ca.crt") -}}
{{- end -}}
{{- end -}}
{{- with .Values.tracing -}}
{{- if and .endpoint .headersSecret -}}
{{- $needs = append $needs (dict "value" "tracing.headersSecret" "name" .headersSecret "key" .headersKey) -}}
{{- end -}}
{{- end -}}
{{- range $needs -}}
{{- $found := lookup "v1" "Secret" $.Release.Namespace .name -}}
{{- if not $found -}}
{{- $faults = append $faults (printf "%s: the namespace %s has no Secret %s: create it with the entry %s" .value $.Release.Namespace .name .key) -}}
{{- else if not (hasKey ($found.data | default dict) .key) -}}
{{- $faults = append $faults (printf "%s: the Secret %s has no entry %s: add it" .value .name .key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{/* The entries that the chart reads from the Secret of `secrets`. */}}
{{- define "sendoff.secretKeys" -}}
{{- $keys := list "platform-key" "functions-key" "subscription-key" "public-keys" "project-id" "token" "access-key" "secret-key" -}}
{{- $external := .Values.kafka.external -}}
{{- $isSasl := hasPrefix "sasl" (include "sendoff.kafka.protocol" .) -}}
{{- $isOwn := or (eq .Values.kafka.kind "bundled") (and (eq .Values.kafka.kind "external") $isSasl (not $external.passwordsSecret)) -}}
{{- if $isOwn -}}
{{- range splitList " " (include "sendoff.services" .) }}{{ $keys = append $keys (printf "kafka-%s-password" .) }}{{ end -}}
{{- end -}}
{{- if or (eq .Values.kafka.kind "bundled") (and $isOwn (eq $external.setup "accounts")) -}}
{{- $keys = append $keys "kafka-outside-password" -}}
{{- end -}}
{{- if eq .Values.kafka.kind "bundled" }}{{ $keys = append $keys "kafka-setup-password" }}{{ end -}}
{{- if eq .Values.objectStore.kind "bundled" }}{{ $keys = concat $keys (list "s3-access-key" "s3-secret-key") }}{{ end -}}
{{- if eq .Values.database.kind "bundled" }}{{ $keys = append $keys "postgresql-password" }}{{ end -}}
{{- join " " $keys -}}
{{- end -}}
