/** The files with which the programs of a node are configured. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Addresses of the node. A route over its own address leads to Pods and Services. */
export const network = {
  host: '10.209.0.1',
  node: '10.209.0.2',
  pods: '10.210.0.0/16',
  podsOfNode: '10.210.0.0/24',
  services: '10.211.0.0/16',
  dns: '10.211.0.10',
} as const;

/** Image of the process that holds the namespaces of a pod. */
export const pauseImage = 'sendoff-node/pause:1';

const token = 'the-token-of-the-node';

/** Everything below in one folder. `cgroup` is the path of the node's cgroup. */
export function writeNodeFiles(folder: string, cgroup: string): void {
  const file = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFileSync(file(name), text, { mode: 0o600 });
  for (const name of ['api', 'cni', 'logs', 'volumes']) mkdirSync(file(name), { recursive: true });
  write('tokens.csv', `${token},admin,1,"system:masters"\n`);
  write('kubeconfig', kubeconfig());
  makeKeys(file);
  write('containerd.toml', containerdConfig(file));
  write('cni/10-sendoff.conflist', JSON.stringify(podNetwork(file('cni-addresses'))));
  write('kubelet.yaml', JSON.stringify(kubeletConfig(file, cgroup)));
  write('kube-proxy.yaml', JSON.stringify(proxyConfig(file('kubeconfig'))));
  write('Corefile', nameServer(file('kubeconfig')));
}

function kubeconfig(): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://${network.node}:6443`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

/**
 * The key of the ServiceAccounts, and the certificates by which kubelet and servers of metrics know
 * the API server.
 */
function makeKeys(file: (name: string) => string): void {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  openssl('genrsa', '-out', file('accounts.key'), '2048');
  for (const name of ['client', 'front'])
    openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=api-server'],
      ...['-addext', 'extendedKeyUsage=clientAuth', '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
    );
}

function containerdConfig(file: (name: string) => string): string {
  return [
    'version = 2',
    `root = "${file('containerd')}"`,
    'state = "/run/containerd"',
    '[plugins."io.containerd.grpc.v1.cri"]',
    `sandbox_image = "docker.io/${pauseImage}"`,
    'disable_apparmor = true',
    // Root of a container may not make processes less likely to be killed when memory runs out.
    'restrict_oom_score_adj = true',
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    'bin_dir = "/usr/lib/cni"',
    `conf_dir = "${file('cni')}"`,
    '',
  ].join('\n');
}

/** Each pod has a link of its own to the node, so the firewall of the node sees all packets. */
function podNetwork(addresses: string) {
  const ipam = {
    type: 'host-local',
    dataDir: addresses,
    ranges: [[{ subnet: network.podsOfNode }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return { cniVersion: '0.4.0', name: 'sendoff', plugins: [{ type: 'ptp', ipMasq: false, ipam }] };
}

function kubeletConfig(file: (name: string) => string, cgroup: string) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: file('client.crt') } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroup,
    clusterDNS: [network.dns],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    failCgroupV1: false,
    failSwapOn: false,
    imageGCHighThresholdPercent: 100,
    registerNode: true,
    resolvConf: '',
    volumePluginDir: file('volume-plugins'),
  };
}

function proxyConfig(path: string) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: path },
    clusterCIDR: network.pods,
    // The machine keeps its own limits.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    hostnameOverride: 'node',
    mode: 'iptables',
  };
}

function nameServer(path: string): string {
  return `.:53 {
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${path}
  }
  cache 5
}
`;
}
