import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Service } from '#contracts';
import { eventually } from '#testing';
import { freePort } from '#broker';
import { Client } from './client.ts';

/**
 * `npm start`, without npm: one whole installation in a temporary data folder, on a topic prefix of
 * its own.
 */
export class Installation {
  private constructor(
    private readonly process: ChildProcess,
    readonly url: string,
    readonly dataDir: string,
    readonly topicPrefix: string,
    readonly brokers: string,
    readonly client: Client,
    readonly output: readonly string[],
  ) {}

  /** Resolves at the ready line. */
  static async start({
    brokers = '',
    env = {},
    dataDir,
    checkout = '.',
    prefix = [],
  }: {
    /** Default: the installation brings its own broker, with accounts. */
    brokers?: string;
    env?: Record<string, string>;
    dataDir?: string;
    /** Folder with `dist`. Default: this checkout. */
    checkout?: string;
    /** A command line that runs the command after it, as `unshare --pid --fork`. */
    prefix?: readonly string[];
  }): Promise<Installation> {
    const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'sendoff-e2e-')));
    const topicPrefix = env['KAFKA_TOPIC_PREFIX'] ?? `e2e-${Math.random().toString(36).slice(2, 10)}.`;
    const [command, ...args] = [
      ...prefix,
      process.execPath,
      '--disable-sigusr1',
      '--disable-warning=ExperimentalWarning',
      'dist/apps/standalone/src/main.js',
    ];
    const child = spawn(command, args, {
      cwd: checkout,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        KAFKA_BROKERS: brokers === '' ? undefined : brokers,
        KAFKA_TOPIC_PREFIX: topicPrefix,
        KAFKA_PARTITIONS: '2',
        SENDOFF_PORT: '0',
        SENDOFF_DATA_DIR: folder,
        SENDOFF_PROJECT_ID: 'p1',
        SENDOFF_TOKEN: 'e2e-token',
        WEBHOOK_NETWORKS_ALLOWED: '127.0.0.0/8',
        // Functions call servers of the tests on loopback.
        FUNCTION_EGRESS: 'unfiltered',
        NOTIFIER_WAIT_BASE_MS: '500',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    process.once('exit', () => child.kill('SIGKILL'));
    createInterface({ input: child.stderr }).on('line', (line) => output.push(line));
    const url = await new Promise<string>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`not ready in 60 s:\n${output.join('\n')}`)), 60_000);
      createInterface({ input: child.stdout }).on('line', (line) => {
        output.push(line);
        const address = /^Sendoff is ready on (http\S+)$/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
      // Its last lines may come after its exit, and before this.
      child.once('close', (code) => reject(new Error(`ended with ${code}:\n${output.join('\n')}`)));
      void Promise.resolve().finally(() => deadline.unref());
    });
    const client = new Client(url, 'p1', env['SENDOFF_TOKEN'] ?? 'e2e-token');
    return new Installation(child, url, folder, topicPrefix, brokers, client, output);
  }

  /** Process id of the parent of all services. */
  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error('the installation did not start');
    return pid;
  }

  /** Process id of a running service, found among the children of the installation. */
  async pidOf(service: Service): Promise<number | undefined> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    for (const pid of pids) {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ]);
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === this.process.pid && command.includes(`apps/${service}/src/main.js`)) return Number(pid);
    }
    return undefined;
  }

  /**
   * Starts one more process of a service, with the settings of the one that runs. It ends with the
   * test, and nothing starts it again. Resolves when it is ready.
   */
  async startBeside(service: Service): Promise<ChildProcess> {
    const pid = await eventually(async () => this.pidOf(service));
    const lines = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    // The channel to its parent is not for the second one.
    const settings = lines.filter((line) => line.includes('=') && !line.startsWith('NODE_CHANNEL'));
    const environment = Object.fromEntries(settings.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
    const port = await freePort();
    const child = spawn(process.execPath, [`dist/apps/${service}/src/main.js`], {
      env: { ...environment, SERVICE_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    await eventually(async () => isReady().catch(() => false), { deadlineMs: 30_000 });
    return child;
  }

  /** Ends a service the hard way; the installation starts it again. */
  async killService(service: Service): Promise<void> {
    const pid = await this.pidOf(service);
    if (pid === undefined) throw new Error(`${service} does not run`);
    process.kill(pid, 'SIGKILL');
  }

  /** Stops it as Ctrl-C does. @returns its exit code. */
  async stop({ keepData = false }: { keepData?: boolean } = {}): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => {
      if (this.process.exitCode !== null) resolve(this.process.exitCode);
      else this.process.once('exit', resolve);
    });
    this.process.kill('SIGTERM');
    const code = await ended;
    if (!keepData) await rm(this.dataDir, { recursive: true, force: true });
    return code;
  }
}
