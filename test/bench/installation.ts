import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { defaultTopicPrefix, Topics } from '#contracts';
import { connectKafka, type KafkaGateway } from '#kafka';
import { type CpuByProcess, cpuSecondsBelow, processesBelow } from './process-cpu.ts';
import { sdkDate, signed } from '../request-signer.ts';

const settleDeadlineMs = 120_000;
const pollMs = 250;
const questionTries = 10;
const token = 'bench-token';
const firstKey = { accessKey: 'AKBENCH', secretKey: 'sk-bench' };

/** The machine that a figure was measured on. */
export const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, load generator included`;

/** One whole installation on this machine, with a broker and a data folder of its own. */
export class BenchInstallation {
  /** Headers of a request that is authenticated by token. */
  readonly tokenHeaders = { 'content-type': 'application/json', 'x-auth-token': token };

  private readonly added: ChildProcess[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly dataDir: string,
    private readonly url: string,
  ) {}

  /** Resolves at the ready line. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<BenchInstallation> {
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-bench-'));
    const child = spawn(process.execPath, ['--disable-sigusr1', 'dist/apps/standalone/src/main.js'], {
      env: {
        ...process.env,
        SENDOFF_PORT: '0',
        SENDOFF_DATA_DIR: dataDir,
        SENDOFF_PROJECT_ID: 'p1',
        SENDOFF_TOKEN: token,
        SENDOFF_ACCESS_KEY: firstKey.accessKey,
        SENDOFF_SECRET_KEY: firstKey.secretKey,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    const url = await new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const address = /^Sendoff is ready on (\S+)$/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
    });
    return new BenchInstallation(child, dataDir, url);
  }

  /**
   * Starts one more executor, with the settings of the first. Resolves when it is ready.
   * @throws Error if it ends before.
   */
  async addExecutor(): Promise<void> {
    const executor = (await processesBelow(this.pid)).find(({ name }) => name === 'executor');
    if (executor === undefined) throw new Error('the installation has no executor');
    const read = async (file: string) => (await readFile(`/proc/${executor.pid}/${file}`, 'utf8')).split('\0').filter(Boolean);
    const [program = '', ...args] = await read('cmdline');
    const env = Object.fromEntries(
      (await read('environ')).map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
    );
    delete env['NODE_CHANNEL_FD'];
    const added = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const kill = () => added.kill('SIGKILL');
    process.once('exit', kill);
    added.once('exit', () => process.removeListener('exit', kill));
    this.added.push(added);
    await new Promise<void>((resolve, reject) => {
      added.once('message', () => resolve());
      added.once('exit', (code) => reject(new Error(`the added executor ended with ${code}`)));
    });
  }

  /** CPU used so far by all processes, in seconds. */
  async cpu(): Promise<CpuByProcess> {
    const roots = [this.child, ...this.added].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    const used = new Map<string, number>();
    for (const root of roots)
      for (const [name, seconds] of await cpuSecondsBelow(root)) used.set(name, (used.get(name) ?? 0) + seconds);
    return used;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The URL of all functions. */
  get functionsUrl(): string {
    return `${this.url}/v2/p1/fgs/functions`;
  }

  /** How programs from outside reach the broker. */
  get kafkaOptions(): Pick<KafkaConfig, 'brokers' | 'sasl'> {
    const { kafkaBrokers, kafkaAccount } = this.read('running.json') as { kafkaBrokers: string[]; kafkaAccount: SASLOptions };
    return { brokers: kafkaBrokers, sasl: kafkaAccount };
  }

  /** Reads topics as the status-logger, the only service that reads all work topics. */
  async connectKafka(): Promise<KafkaGateway> {
    const topics = new Topics(defaultTopicPrefix);
    const passwords = this.read('kafka-accounts.json') as { readonly 'status-logger': string };
    const username = topics.accountOf('status-logger');
    return connectKafka({
      brokers: this.kafkaOptions.brokers as string[],
      access: { login: { mechanism: 'SCRAM-SHA-512', username, password: () => passwords['status-logger'] } },
      clientId: 'bench',
      topics,
      replication: 1,
    });
  }

  private read(file: string): unknown {
    return JSON.parse(readFileSync(join(this.dataDir, file), 'utf8'));
  }

  /**
   * Sends a request below {@link functionsUrl}, authenticated by token.
   * @throws Error unless the answer is 2xx.
   */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    return this.callProject(method, `/fgs/functions${path}`, body);
  }

  /** As {@link call}, below the project. A question that is told to come again does so. */
  async callProject(method: string, path: string, body?: unknown, triesLeft = questionTries): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/v2/p1${path}`, {
      method,
      headers: this.tokenHeaders,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (method === 'GET' && response.status === 503 && triesLeft > 1) {
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      return this.callProject(method, path, body, triesLeft - 1);
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  /** Creates a Node.js function of one instance that runs 200 attempts at once. */
  async createFunction(name: string, source: string): Promise<void> {
    await this.call('POST', '', functionBody(name, { code_type: 'inline', func_code: { file: base64(source) } }));
  }

  /** Resolves when a function has so many invocations of a status. @throws Error after 120 s. */
  async untilCounted(name: string, status: string, count: number): Promise<void> {
    const deadline = performance.now() + settleDeadlineMs;
    for (;;) {
      const page = await this.call('GET', `/${name}/async-invocations?status=${status}&limit=1`);
      if (Number(page['count']) >= count) return;
      if (performance.now() > deadline)
        throw new Error(`${String(page['count'])} of ${count} were ${status} after ${settleDeadlineMs / 1_000} s`);
      // More frequent queries would take a good part of a core.
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Resolves when a function has so many successful invocations. @throws Error after 120 s. */
  async untilSucceeded(name: string, count: number): Promise<void> {
    await this.untilCounted(name, 'SUCCESS', count);
  }

  /**
   * Headers of a signed asynchronous invocation. The signature stays valid for 15 minutes, so one
   * serves a whole run.
   */
  signedHeaders(name: string, body: string): Record<string, string> {
    const { host, pathname } = new URL(`${this.functionsUrl}/${name}/invocations-async`);
    const headers = { host, 'content-type': 'application/json', 'x-project-id': 'p1' };
    const path = pathname.slice(1).split('/');
    return signed({ method: 'POST', path, headers, body }, { ...firstKey, date: sdkDate(Date.now()) });
  }

  /** Stops the installation and removes its data. */
  async stop(): Promise<void> {
    for (const one of [...this.added, this.child]) {
      const ended = new Promise((resolve) => one.once('exit', resolve));
      one.kill('SIGTERM');
      await ended;
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The body that creates a Node.js function. @param code its `code_type` and `func_code`. */
export function functionBody(name: string, code: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    func_name: name,
    package: 'default',
    runtime: 'Node.js20.15',
    handler: 'index.handler',
    timeout: 10,
    memory_size: 256,
    strategy_config: { concurrency: 1, concurrent_num: 200 },
    ...code,
  };
}

/** Bytes or UTF-8 text in Base64. */
export function base64(content: string | Buffer): string {
  return Buffer.from(content).toString('base64');
}
