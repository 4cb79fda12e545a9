#!/usr/bin/env bash
# Builds helm and the API server of Kubernetes from their Go modules, for the tests of the Helm
# chart. It takes a quarter of an hour on two cores, once: the programs stay in the cache.
# With --node it also builds all other parts of a node, for `npm run test:node`. With --keda it
# builds KEDA too, which takes half an hour more. Then this test also scales executors.
set -euo pipefail
HELM=v3.22.0 KUBERNETES=1.34.4 KEDA=v2.21.0 GATEWAY=v1.4.0
PROMETHEUS_OPERATOR=v0.79.2 COREDNS=v1.13.1 KUBE_ROUTER=v2.1.0
case "${1:-}" in '' | --node | --keda) ;; *) echo "build-kubernetes.sh takes nothing, --node or --keda, not $1" >&2; exit 64 ;; esac
programs="$(cd "$(dirname "$0")/../test/node/programs" && pwd)"
strimzi="$(cd "$(dirname "$0")/../test/chart/strimzi" && pwd)"
folder="${XDG_CACHE_HOME:-$HOME/.cache}/sendoff/kubernetes"
mkdir -p "$folder/crds/operators"
export GOBIN="$folder" GOFLAGS="-p=${GOMAXPROCS:-2} -buildvcs=false -mod=mod"
modules="$(mktemp -d)"
trap 'rm -rf "$modules"' EXIT

# Go to a new module in which the programs of Kubernetes can be built. Its own module replaces its
# parts by folders, so it can be built from another module only.
enter_module() {
  mkdir "$modules/$1" && cd "$modules/$1"
  local source
  source="$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')"
  sed -e 's#^module .*#module local/kubernetes#' \
    -e "s#=> ./staging/src/\(k8s.io/[^ ]*\)#=> \1 v0.${KUBERNETES#1.}#" "$source/go.mod" >go.mod
  cp "$source/go.sum" go.sum
  chmod u+w go.mod go.sum
  go mod edit -require "k8s.io/kubernetes@v$KUBERNETES"
}

# Builds a program, unless it is there. Takes its name and its package.
build() {
  [ -x "$folder/$1" ] && return
  [ -f go.mod ] || enter_module "$1"
  go build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$KUBERNETES" -o "$folder/$1.new" "$2"
  mv "$folder/$1.new" "$folder/$1"
}

# Builds a program of test/node/programs. Takes its name and the module that it needs, if any.
build_own() {
  [ -x "$folder/$1" ] && return
  enter_module "$1"
  cp "$programs/$1/main.go" .
  [ -z "${2:-}" ] || go get "$2"
  build "$1" .
}

[ -x "$folder/helm" ] || (cd "$modules" && go install "helm.sh/helm/v3/cmd/helm@$HELM")
(cd "$modules" && build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver)
if [ -n "${1:-}" ]; then
  for program in kube-scheduler kube-controller-manager kubelet kube-proxy kubectl; do
    (cd "$modules" && build "$program" "k8s.io/kubernetes/cmd/$program")
  done
  (build_own coredns "github.com/coredns/coredns@$COREDNS")
  (build_own network-policies "github.com/cloudnativelabs/kube-router/v2@$KUBE_ROUTER")
  (export CGO_ENABLED=0 && build_own pause)
fi

# KEDA replaces a module, so it can be built from its own module only.
build_keda() {
  local source
  source="$(dir "github.com/kedacore/keda/v2@$KEDA")"
  mkdir -p "$folder/crds/keda"
  install -m 644 "$source"/config/crd/bases/*.yaml "$folder/crds/keda/"
  [ -x "$folder/keda-operator" ] && [ -x "$folder/keda-adapter" ] && return
  cp -r "$source" "$modules/keda" && chmod -R u+w "$modules/keda" && cd "$modules/keda"
  for program in operator adapter; do
    go build -ldflags '-s -w' -o "$folder/keda-$program.new" "./cmd/$program"
    mv "$folder/keda-$program.new" "$folder/keda-$program"
  done
}

# The kinds that others define: ScaledObject and HTTPRoute.
dir() { (cd "$modules" && go mod download -json "$1") | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'; }
install -m 644 "$(dir "github.com/kedacore/keda/v2@$KEDA")/config/crd/bases/keda.sh_scaledobjects.yaml" "$folder/crds/"
install -m 644 "$(dir "sigs.k8s.io/gateway-api@$GATEWAY")/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" "$folder/crds/"

[ "${1:-}" != --keda ] || (build_keda)

# The kinds of the Prometheus operator and of Strimzi. Tests add them later: helm must refuse an
# installation while they are missing.
for kind in servicemonitors prometheusrules; do
  install -m 644 "$(dir "github.com/prometheus-operator/prometheus-operator@$PROMETHEUS_OPERATOR")/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$folder/crds/operators/"
done
# Strimzi is no Go module. Its generator makes the definition from the classes of its API.
users="$folder/crds/operators/kafka.strimzi.io_kafkausers.yaml"
if [ ! -f "$users" ]; then
  mvn -q -B -f "$strimzi/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$modules/strimzi"
  java -cp "$modules/strimzi/*" io.strimzi.crdgenerator.CrdGenerator --yaml "io.strimzi.api.kafka.model.user.KafkaUser=$modules/users.yaml"
  mv "$modules/users.yaml" "$users"
fi
