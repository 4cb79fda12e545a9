#!/usr/bin/env bash
# The first process of the node. It has namespaces of its own for mounts, processes and networks.
# So nothing of the node is seen outside, and everything ends with this process.
# Takes the folder of the node. Starts when a line arrives on the standard input.
set -euo pipefail
folder=$1
read -r _

# The programs write to fixed places, which are mounted from the folder.
mount --make-rshared /
mount -t tmpfs tmpfs /run
for name in lib log; do
  mkdir -p "$folder/var/$name"
  mount --bind "$folder/var/$name" "/var/$name"
done
# kubelet sets these for the whole machine. It writes to copies instead.
mkdir -p "$folder/settings"
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy="$folder/settings/${name//\//-}"
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done

ip link set lo up
ip address add "$NODE_ADDRESS/30" dev eth0
ip link set eth0 up
ip route add default via "$HOST_ADDRESS"
echo 1 >/proc/sys/net/ipv4/ip_forward

start() {
  local name=$1
  shift
  "$@" >"$folder/logs/$name.log" 2>&1 &
}

start etcd etcd --data-dir="$folder/etcd" --listen-client-urls=http://127.0.0.1:2379 \
  --advertise-client-urls=http://127.0.0.1:2379 --listen-peer-urls=http://127.0.0.1:2380
start containerd containerd --config "$folder/containerd.toml"
start kube-apiserver "$PROGRAMS/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
  --advertise-address="$NODE_ADDRESS" --secure-port=6443 --service-cluster-ip-range="$SERVICE_NETWORK" \
  --cert-dir="$folder/api" --token-auth-file="$folder/tokens.csv" --authorization-mode=RBAC \
  --service-account-key-file="$folder/accounts.key" --service-account-signing-key-file="$folder/accounts.key" \
  --service-account-issuer=https://kubernetes.default.svc --allow-privileged=true \
  --requestheader-client-ca-file="$folder/front.crt" --requestheader-username-headers=X-Remote-User \
  --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file="$folder/front.crt" --proxy-client-key-file="$folder/front.key" \
  --kubelet-preferred-address-types=InternalIP --kubelet-client-certificate="$folder/client.crt" --kubelet-client-key="$folder/client.key"

# The API server makes its certificate when it starts. Pods get a copy of it.
until [ -s "$folder/api/apiserver.crt" ]; do sleep 0.1; done
admin="--kubeconfig=$folder/kubeconfig"
start kube-controller-manager "$PROGRAMS/kube-controller-manager" "$admin" --leader-elect=false \
  --service-account-private-key-file="$folder/accounts.key" --root-ca-file="$folder/api/apiserver.crt" \
  --allocate-node-cidrs=true --cluster-cidr="$POD_NETWORK" --service-cluster-ip-range="$SERVICE_NETWORK"
start kube-scheduler "$PROGRAMS/kube-scheduler" "$admin" --leader-elect=false
start kubelet "$PROGRAMS/kubelet" "$admin" --config="$folder/kubelet.yaml" --hostname-override=node --node-ip="$NODE_ADDRESS"
start kube-proxy "$PROGRAMS/kube-proxy" --config="$folder/kube-proxy.yaml"
start coredns "$PROGRAMS/coredns" -conf "$folder/Corefile"
# It ends until kubelet has registered the node.
retry() { until "$@"; do sleep 1; done; }
start network-policies retry env NODE_NAME=node "$PROGRAMS/network-policies" "$admin" --hostname-override=node \
  --service-cluster-ip-range="$SERVICE_NETWORK" --iptables-sync-period=1m
wait
