/**
 * A real API server of Kubernetes with its etcd, on folders and ports of its own. It runs no pods:
 * it only judges objects. `tools/build-kubernetes.sh` builds it. Debian's `etcd-server` has etcd.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '#testing';
import { freePort } from '#broker';
import { builtFolder, type KubeObject } from './helm.ts';

const program = join(builtFolder, 'kube-apiserver');
/** Kinds that others define: those without which an installation starts, and the rest. */
const definitions = join(builtFolder, 'crds');
const operatorDefinitions = join(definitions, 'operators');
const token = 'the-token-of-the-test';

/** Why there is no API server, in words; undefined if there is one. */
export function apiServerMissing(): string | undefined {
  if (!existsSync(program)) return 'kube-apiserver is not there: run tools/build-kubernetes.sh';
  if (!existsSync(operatorDefinitions)) return 'kinds of operators are not there: run tools/build-kubernetes.sh';
  if (spawnSync('etcd', ['--version'], { stdio: 'ignore' }).status !== 0) return 'etcd is not there: install etcd-server';
  return undefined;
}

/** The answer of the API server about an object. */
export interface Verdict {
  readonly status: number;
  /** Empty if the object is taken without a warning. */
  readonly says: string;
}

/** Paths of the kinds that the chart creates. */
const paths: Readonly<Record<string, string>> = { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' };

function pathOf({ apiVersion, kind }: KubeObject, namespace: string): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}/namespaces/${namespace}/${paths[kind] ?? `${kind.toLowerCase()}s`}`;
}

/** A running server. Its folder and its processes go with {@link stop}. */
export class ApiServer {
  private constructor(
    private readonly port: number,
    private readonly folder: string,
    private readonly processes: readonly ChildProcess[],
  ) {}

  static async start(): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'sendoff-kubernetes-'));
    const [port, clients, peers] = [await freePort(), await freePort(), await freePort()];
    const etcd = `http://127.0.0.1:${clients}`;
    const file = (name: string) => join(folder, name);
    execFileSync('openssl', ['genrsa', '-out', file('key.pem'), '2048'], { stdio: 'ignore' });
    writeFileSync(file('tokens.csv'), `${token},admin,1,"system:masters"\n`);
    // setpriv ends them with this process.
    const run = (command: string, args: readonly string[]) =>
      spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], { stdio: 'ignore', cwd: folder });
    const store = run('etcd', [
      `--data-dir=${file('etcd')}`,
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=http://127.0.0.1:${peers}`,
    ]);
    const api = run(program, [
      `--etcd-servers=${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${file('certificates')}`,
      `--service-account-key-file=${file('key.pem')}`,
      `--service-account-signing-key-file=${file('key.pem')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--token-auth-file=${file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      // No controller makes the account of a namespace here.
      '--disable-admission-plugins=ServiceAccount',
    ]);
    const server = new ApiServer(port, folder, [api, store]);
    await eventually(
      async () => ((await server.ask('GET', '/readyz').catch(() => undefined))?.status === 200 ? true : undefined),
      { deadlineMs: 60_000 },
    );
    await server.defineAll(definitions);
    return server;
  }

  /** Adds the kinds of the Prometheus operator and of Strimzi, as these operators would. */
  async defineOperators(): Promise<void> {
    await this.defineAll(operatorDefinitions);
  }

  /** Creates an object for good. @throws Error if the server refuses it. */
  async create(path: string, object: object): Promise<void> {
    const { status, text } = await this.ask('POST', path, object);
    if (status !== 201) throw new Error(`${path} was answered with ${status}: ${text}`);
  }

  /** Removes an object. @throws Error if the server refuses it. */
  async remove(path: string): Promise<void> {
    const { status, text } = await this.ask('DELETE', path);
    if (status !== 200) throw new Error(`${path} was answered with ${status}: ${text}`);
  }

  /** Judges an object as `kubectl apply --dry-run=server --validate=strict` does. */
  async judge(object: KubeObject, namespace: string): Promise<Verdict> {
    const path = `${pathOf(object, namespace)}?dryRun=All&fieldValidation=Strict`;
    const { status, text, warning } = await this.ask('POST', path, { ...object, metadata: { ...object.metadata, namespace } });
    return { status, says: status === 201 ? warning : text };
  }

  /** A file with which helm reaches the server. */
  kubeconfig(): string {
    const path = join(this.folder, 'kubeconfig');
    const cluster = { server: `https://127.0.0.1:${this.port}`, 'insecure-skip-tls-verify': true };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  }

  async stop(): Promise<void> {
    for (const process of this.processes) {
      const ended = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async defineAll(folder: string): Promise<void> {
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.yaml')))
      await this.define(parse(readFileSync(join(folder, name), 'utf8')));
  }

  private async define(definition: object): Promise<void> {
    await this.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    const { spec } = definition as {
      readonly spec: { readonly group: string; readonly versions: readonly { readonly name: string }[] };
    };
    const path = `/apis/${spec.group}/${spec.versions[0]?.name}`;
    await eventually(async () => ((await this.ask('GET', path)).status === 200 ? true : undefined), { deadlineMs: 30_000 });
  }

  private ask(method: string, path: string, body?: object) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const options = { host: '127.0.0.1', port: this.port, method, path, headers, rejectUnauthorized: false };
    return new Promise<{ readonly status: number; readonly text: string; readonly warning: string }>((resolve, reject) => {
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const warning = [response.headers['warning'] ?? []].flat().join(' ');
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), warning });
        });
      });
      sent.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
