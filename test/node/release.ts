import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartFolder } from '../chart/helm.ts';
import { Client } from '../e2e/client.ts';
import { imageValues, saveImages } from './images.ts';
import type { KubernetesNode } from './kubernetes-node.ts';
import { volumes } from './volumes.ts';

/** One pod of each service but the ingress: the node may have two cores only. */
const values = [
  ...imageValues,
  'services.executor.replicas=1',
  'services.retry-scheduler.replicas=1',
  'services.notifier.replicas=1',
  'services.status-logger.replicas=1',
];

/** Arguments of helm with values for the images of the node. */
const given = () => values.flatMap((value) => ['--set', value]);

/** Gives the images to a node, and a namespace at the level `restricted`. */
export async function prepare(node: KubernetesNode, namespace: string, claims: number): Promise<void> {
  const archive = join(node.folder, 'images.tar');
  await saveImages(archive);
  await node.loadImages(archive);
  await node.apply(restricted(namespace), ...volumes(node.folder, claims));
}

const restricted = (name: string) => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
};

/** An installation of the chart, in a namespace of the same name. */
export class Release {
  /** @param beginning of the names of its objects. */
  constructor(
    private readonly node: KubernetesNode,
    readonly name: string,
    readonly beginning: string = name,
  ) {}

  async kubectl(...args: readonly string[]): Promise<string> {
    return this.node.kubectl('--namespace', this.name, ...args);
  }

  async helm(...args: readonly string[]): Promise<string> {
    return this.node.helm('--namespace', this.name, ...args);
  }

  /** Installs the chart with more arguments, and waits until all pods are ready. */
  async install(...more: readonly string[]): Promise<void> {
    await this.helm('install', this.name, chartFolder, ...given(), ...more, '--wait', '--timeout', '10m');
  }

  /** Changes values by arguments, and waits until all pods are ready. */
  async upgrade(...more: readonly string[]): Promise<void> {
    await this.helm('upgrade', this.name, chartFolder, ...given(), ...more, '--wait', '--timeout', '5m');
  }

  /** Names of the objects of some kinds. */
  async namesOf(kinds: string): Promise<readonly string[]> {
    return (await this.kubectl('get', kinds, '--output', 'name')).split('\n').filter((line) => line !== '');
  }

  /** A client with the token of the Secret, at the address of the Service. */
  async client(): Promise<Client> {
    const at = ['--namespace', this.name];
    const { data } = await this.node.get<{ data: Record<string, string> }>('secret', `${this.beginning}-secrets`, ...at);
    const { spec } = await this.node.get<{ spec: { clusterIP: string } }>('service', `${this.beginning}-ingress`, ...at);
    const entry = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
    return new Client(`http://${spec.clusterIP}:8700`, entry('project-id'), entry('token'));
  }

  /** Reports of the controllers and the kubelet, the oldest first, such as `Job/x Completed`. */
  async events(): Promise<readonly string[]> {
    interface Event {
      readonly metadata: { readonly resourceVersion: string };
      readonly involvedObject: { readonly kind: string; readonly name: string };
      readonly reason: string;
    }
    const { items } = await this.node.get<{ items: readonly Event[] }>('events', '--namespace', this.name);
    return items
      .toSorted((one, other) => Number(one.metadata.resourceVersion) - Number(other.metadata.resourceVersion))
      .map(({ involvedObject, reason }) => `${involvedObject.kind}/${involvedObject.name} ${reason}`);
  }

  /** The memory that the containers of each pod hold, in MiB. */
  async memory(): Promise<Readonly<Record<string, number>>> {
    interface Summary {
      readonly pods: readonly {
        readonly podRef: { readonly name: string; readonly namespace: string };
        readonly memory?: { readonly workingSetBytes?: number };
      }[];
    }
    const { pods } = JSON.parse(await this.node.kubectl('get', '--raw', '/api/v1/nodes/node/proxy/stats/summary')) as Summary;
    const own = pods.filter(({ podRef, memory }) => podRef.namespace === this.name && memory?.workingSetBytes);
    return Object.fromEntries(
      own.map(({ podRef, memory }) => [podRef.name, Math.round((memory?.workingSetBytes ?? 0) / 1_048_576)]),
    );
  }
}

/** A folder in which commands of the documents run: the chart is where they expect it. */
export async function workFolder(node: KubernetesNode): Promise<string> {
  const folder = join(node.folder, 'work');
  await mkdir(folder);
  const images = Object.fromEntries(values.map((value) => value.split('=') as [string, string]));
  await writeFile(join(folder, 'values.yaml'), JSON.stringify(nested(images)));
  return folder;
}

/** Values by path as nested objects, numbers as numbers. */
function nested(paths: Readonly<Record<string, string>>): object {
  const root: Record<string, unknown> = {};
  for (const [path, text] of Object.entries(paths)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const place = names.reduce((at, name) => (at[name] ??= {}) as Record<string, unknown>, root);
    place[last] = /^\d+$/.test(text) ? Number(text) : text;
  }
  return root;
}
