#!/usr/bin/env bash
# Builds helm and the API server of Kubernetes from their Go modules, for the tests of the Helm
# chart. It takes a quarter of an hour on two cores, once: the programs stay in the cache.
set -euo pipefail
HELM=v3.22.0 KUBERNETES=1.34.4 KEDA=v2.21.0 GATEWAY=v1.4.0
folder="${XDG_CACHE_HOME:-$HOME/.cache}/sendoff/kubernetes"
mkdir -p "$folder/crds"
export GOBIN="$folder" GOFLAGS='-p=2 -buildvcs=false'

[ -x "$folder/helm" ] || go install "helm.sh/helm/v3/cmd/helm@$HELM"

if [ ! -x "$folder/kube-apiserver" ]; then
  # The module replaces its parts by folders, so it can be built from a module of its own only.
  module="$(mktemp -d)"
  trap 'rm -rf "$module"' EXIT
  cd "$module"
  source="$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')"
  sed -e 's#^module .*#module local/kubernetes#' \
    -e "s#=> ./staging/src/\(k8s.io/[^ ]*\)#=> \1 v0.${KUBERNETES#1.}#" "$source/go.mod" >go.mod
  cp "$source/go.sum" go.sum
  chmod u+w go.mod go.sum
  go mod edit -require "k8s.io/kubernetes@v$KUBERNETES"
  go build -mod=mod -ldflags "-X k8s.io/component-base/version.gitVersion=v$KUBERNETES" -o "$folder/kube-apiserver.new" k8s.io/kubernetes/cmd/kube-apiserver
  mv "$folder/kube-apiserver.new" "$folder/kube-apiserver"
fi

# The kinds that others define: ScaledObject and HTTPRoute.
dir() { go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'; }
install -m 644 "$(dir "github.com/kedacore/keda/v2@$KEDA")/config/crd/bases/keda.sh_scaledobjects.yaml" "$folder/crds/"
install -m 644 "$(dir "sigs.k8s.io/gateway-api@$GATEWAY")/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" "$folder/crds/"
