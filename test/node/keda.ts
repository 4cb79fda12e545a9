/**
 * KEDA and Prometheus for a node. Both parts of KEDA are processes of the node, because no image of
 * them is there. Prometheus runs beside the node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '#testing';
import { Authority } from '../certificates.ts';
import { builtFolder } from '../chart/helm.ts';
import type { KubernetesNode } from './kubernetes-node.ts';
import { network } from './node-files.ts';

const namespace = 'keda';
const adapterPort = 6444;
const definitions = join(builtFolder, 'crds', 'keda');

/** Address of Prometheus, as the node reaches it. */
export const prometheusUrl = `http://${network.host}:9090`;

/** Why KEDA or Prometheus cannot run here, in words; undefined if both can. */
export function kedaMissing(): string | undefined {
  const unbuilt = ['keda-operator', 'keda-adapter', 'crds/keda'].filter((name) => !existsSync(join(builtFolder, name)));
  if (unbuilt.length > 0) return `${unbuilt.join(', ')} are not there: run tools/build-kubernetes.sh --keda`;
  return spawnSync('which', ['prometheus']).status === 0 ? undefined : 'prometheus is not there: install it';
}

/** The Service of an address of the node, where the API server asks for metrics. */
function adapterService(): readonly object[] {
  const metadata = { name: 'keda-metrics-apiserver', namespace };
  const ports = [{ name: 'https', port: adapterPort, protocol: 'TCP' }];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [network.node] }],
      ports,
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.external.metrics.k8s.io' },
      spec: {
        ...{ group: 'external.metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
        service: { namespace, name: metadata.name, port: adapterPort },
        insecureSkipTLSVerify: true,
      },
    },
  ];
}

/** Starts KEDA, and waits until the API server gets metrics from it. */
export async function startKeda(node: KubernetesNode): Promise<void> {
  const folder = join(node.folder, 'keda');
  mkdirSync(folder);
  const authority = await Authority.create(folder, 'ca');
  const { certificate, key } = await authority.certify('keda', `IP:127.0.0.1,IP:${network.node}`);
  for (const [from, to] of Object.entries({ [authority.file]: 'ca.crt', [certificate]: 'tls.crt', [key]: 'tls.key' }))
    cpSync(from, join(folder, to));
  await node.kubectl('apply', '--server-side', '-f', definitions);
  await node.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await node.apply(...adapterService());
  const env = { WATCH_NAMESPACE: '', POD_NAMESPACE: namespace, KEDA_CLUSTER_OBJECT_NAMESPACE: namespace };
  const ports = ['--metrics-bind-address=0', '--health-probe-bind-address=127.0.0.1:8091'];
  await node.startInside('keda-operator', [`--cert-dir=${folder}`, ...ports], env);
  const config = join(node.folder, 'kubeconfig');
  const configs = ['lister', 'authentication', 'authorization'].map((use) => `--${use}-kubeconfig=${config}`);
  const tls = [`--cert-dir=${folder}`, `--tls-cert-file=${folder}/tls.crt`, `--tls-private-key-file=${folder}/tls.key`];
  const addresses = [`--secure-port=${adapterPort}`, '--metrics-service-address=127.0.0.1:9666', '--port=8092'];
  await node.startInside('keda-adapter', [...configs, ...tls, ...addresses], env);
  const ready = ['wait', '--for=condition=Available', 'apiservice/v1beta1.external.metrics.k8s.io', '--timeout=5s'];
  await eventually(() => node.kubectl(...ready), { deadlineMs: 90_000, pauseMs: 500 });
}

/**
 * Answers Prometheus with the pods to scrape, and the labels that the ServiceMonitor gives them.
 * Debian's Prometheus cannot ask the API server itself.
 */
async function tellTargets(node: KubernetesNode, installation: string): Promise<Server> {
  interface Pods {
    readonly items: readonly { readonly status: { readonly podIP?: string } }[];
  }
  const selector = ['--selector', 'app.kubernetes.io/component=executor', '--namespace', installation];
  const targets = async () => {
    const { items } = await node.get<Pods>('pods', ...selector);
    return items.flatMap(({ status: { podIP } }) => (podIP === undefined ? [] : [`${podIP}:8700`]));
  };
  const server = createServer((_request, response) => {
    const labels = { namespace: installation, app_kubernetes_io_instance: installation };
    response.setHeader('content-type', 'application/json');
    targets().then(
      (found) => response.end(JSON.stringify([{ targets: found, labels }])),
      () => response.writeHead(503).end(),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** Starts a Prometheus that scrapes the executors of an installation. @returns how to stop it. */
export async function startPrometheus(node: KubernetesNode, installation: string): Promise<() => void> {
  const server = await tellTargets(node, installation);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const jobs = [{ job_name: installation, http_sd_configs: [{ url, refresh_interval: '2s' }] }];
  const [config, data] = [join(node.folder, 'prometheus.yaml'), join(node.folder, 'prometheus')];
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: '2s' }, scrape_configs: jobs }));
  const log = openSync(join(node.folder, 'logs', 'prometheus.log'), 'w');
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${network.host}:9090`];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'prometheus', ...args], { stdio: ['ignore', log, log] });
  return () => {
    child.kill('SIGKILL');
    server.close();
  };
}

/** The value of a query. @returns undefined if it has no result. */
export async function ask(query: string): Promise<number | undefined> {
  interface Answer {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  }
  const answer = await fetch(`${prometheusUrl}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
  const value = ((await answer.json()) as Answer).data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}
