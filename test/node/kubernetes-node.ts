/**
 * A real node of Kubernetes: API server, controllers, kubelet, containerd, kube-proxy, CoreDNS, and
 * the part of kube-router that enforces NetworkPolicies. Its processes have their own namespaces,
 * so it ends as a whole, and leaves nothing. `tools/build-kubernetes.sh --node` builds its programs
 * once.
 */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '#testing';
import { builtFolder, helmProgram } from '../chart/helm.ts';
import { network, writeNodeFiles } from './node-files.ts';

const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'];
const others = ['coredns', 'network-policies', 'pause'];
const run = promisify(execFile);

/** Why no node can run here, in words; undefined if one can. */
export function nodeMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a node needs Linux and root';
  const helm = helmProgram();
  if ('missing' in helm) return helm.missing;
  const unbuilt = [...programs, ...others].filter((name) => !existsSync(join(builtFolder, name)));
  if (unbuilt.length > 0) return `${unbuilt.join(', ')} are not there: run tools/build-kubernetes.sh --node`;
  const packages = { etcd: 'etcd-server', containerd: 'containerd', runc: 'runc', ipset: 'ipset', iptables: 'iptables' };
  for (const [program, name] of Object.entries(packages))
    if (spawnSync('which', [program]).status !== 0) return `${program} is not there: install ${name}`;
  if (!existsSync('/usr/lib/cni/ptp')) return '/usr/lib/cni is not there: install containernetworking-plugins';
  return undefined;
}

/** A running node. */
export class KubernetesNode {
  private constructor(
    readonly folder: string,
    private readonly cgroup: string,
    private readonly link: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts a node, and waits until it takes pods. */
  static async start(): Promise<KubernetesNode> {
    const folder = mkdtempSync(join(tmpdir(), 'sendoff-kubernetes-node-'));
    const cgroup = basename(folder);
    writeNodeFiles(folder, `/${cgroup}`);
    for (const root of cgroupRoots()) mkdirSync(join(root, cgroup), { recursive: true });
    giveCpu(cgroup);
    const link = `snd${process.pid}`;
    // setpriv ends the node with this process.
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
        ...[resolve(import.meta.dirname, 'inside.sh'), folder],
      ],
      { stdio: ['pipe', 'inherit', 'inherit'], env: { ...process.env, ...environment() } },
    );
    const node = new KubernetesNode(folder, cgroup, link, child);
    try {
      await node.connect();
      await node.becomeReady();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  /** The output of kubectl. @throws Error with what it says if it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return this.run(join(builtFolder, 'kubectl'), args);
  }

  /** The answer of `kubectl get ... -o json`. */
  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T;
  }

  /**
   * Runs commands with bash, which finds kubectl and helm.
   * @returns their output. @throws Error if one fails.
   */
  async shell(commands: string, folder = this.folder): Promise<string> {
    const env = { ...this.environment, PATH: `${builtFolder}:${process.env['PATH'] ?? ''}` };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands], { env, cwd: folder, maxBuffer: 64 * 1_048_576 });
    return stdout;
  }

  /** Starts a built program in the namespaces of the node, with which it ends. */
  async startInside(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
    const log = openSync(join(this.folder, 'logs', `${program}.log`), 'w');
    const inside = ['--target', await this.firstProcess(), '--mount', '--net', '--pid', '--'];
    spawn('nsenter', [...inside, join(builtFolder, program), ...args], {
      stdio: ['ignore', log, log],
      env: { ...this.environment, ...env },
    });
  }

  /** Creates or changes objects. */
  async apply(...objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const args = ['apply', '--validate=strict', '-f', '-'];
    execFileSync(join(builtFolder, 'kubectl'), args, { input, env: this.environment, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** The output of helm. @throws Error with what it says if it fails. */
  async helm(...args: readonly string[]): Promise<string> {
    const program = helmProgram();
    if ('missing' in program) throw new Error(program.missing);
    return this.run(program.command, args);
  }

  /** Gives the images of an archive of `docker save` to the node. */
  async loadImages(archive: string): Promise<void> {
    const socket = `/proc/${await this.firstProcess()}/root/run/containerd/containerd.sock`;
    await this.run('ctr', [
      '--address',
      socket,
      '--namespace',
      'k8s.io',
      'images',
      'import',
      '--snapshotter',
      'overlayfs',
      archive,
    ]);
  }

  /** Ends all processes of the node, and removes what it wrote. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await ended;
    }
    await eventually(() => cgroupRoots().every((root) => isRemoved(join(root, this.cgroup))), { deadlineMs: 30_000 });
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  private get environment() {
    return { ...process.env, KUBECONFIG: join(this.folder, 'kubeconfig'), HELM_CACHE_HOME: join(this.folder, 'helm') };
  }

  private async run(command: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(command, args, { env: this.environment, maxBuffer: 64 * 1_048_576 });
    return stdout;
  }

  /** Links the network of the node to that of the machine, then lets it start. */
  private async connect(): Promise<void> {
    const ip = (...args: readonly string[]) => execFileSync('ip', args);
    const first = await this.firstProcess();
    ip('link', 'add', this.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', first);
    ip('address', 'add', `${network.host}/30`, 'dev', this.link);
    ip('link', 'set', this.link, 'up');
    for (const to of [network.pods, network.services]) ip('route', 'add', to, 'via', network.node);
    this.process.stdin?.end('start\n');
  }

  /** The id of the first process of the node, as the machine sees it. */
  private async firstProcess(): Promise<string> {
    const { pid } = this.process;
    return eventually(async () => {
      const { stdout } = await run('pgrep', ['--parent', String(pid)]);
      return stdout.trim() || undefined;
    });
  }

  private async becomeReady(): Promise<void> {
    await eventually(() => this.kubectl('get', '--raw', '/readyz'), { deadlineMs: 120_000, pauseMs: 250 });
    await this.apply(...nameService());
    const ready = ['wait', '--for=condition=Ready', 'node/node', '--timeout=60s'];
    await eventually(() => this.kubectl(...ready), { deadlineMs: 120_000, pauseMs: 250 });
  }
}

const environment = () => ({
  PROGRAMS: builtFolder,
  HOST_ADDRESS: network.host,
  NODE_ADDRESS: network.node,
  POD_NETWORK: network.pods,
  SERVICE_NETWORK: network.services,
});

/** The Service by which pods reach CoreDNS, which is no pod here. */
function nameService(): readonly object[] {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  const ports = (['UDP', 'TCP'] as const).map((protocol) => ({ name: protocol.toLowerCase(), port: 53, protocol }));
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: network.dns, ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [network.node] }],
      ports,
    },
  ];
}

/** The folders in which a cgroup is created: one for each controller of version 1. */
function cgroupRoots(): readonly string[] {
  const top = '/sys/fs/cgroup';
  if (existsSync(join(top, 'cgroup.controllers'))) return [top];
  return readdirSync(top).map((name) => join(top, name));
}

/** Without it, all pods together get as much of a busy machine as one process outside. */
function giveCpu(cgroup: string): void {
  const settings = { 'cpu.shares': '16384', 'cpu.weight': '1600' };
  for (const root of cgroupRoots())
    for (const [name, value] of Object.entries(settings))
      if (existsSync(join(root, cgroup, name))) writeFileSync(join(root, cgroup, name), value);
}

/** Removes a cgroup and all below it. @returns false while a process ends there. */
function isRemoved(folder: string): boolean {
  if (!existsSync(folder)) return true;
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  try {
    for (const { name } of below) if (!isRemoved(join(folder, name))) return false;
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
