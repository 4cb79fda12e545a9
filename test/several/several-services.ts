import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from '#contracts';

/** One process of a service. */
export interface ServiceProcess {
  readonly url: string;
  /** Stops it as an orchestrator does. Resolves with its exit code. */
  terminate(): Promise<number | null>;
  /** Kills it with SIGKILL. */
  kill(): Promise<void>;
}

/** Services of one installation, each as a process of its own, without a supervisor. */
export class SeveralServices {
  readonly topicPrefix = `several-${Math.random().toString(36).slice(2, 10)}.`;
  private readonly children = new Set<ChildProcess>();

  private constructor(
    private readonly dataDir: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param env settings of all services. */
  static async open(env: Readonly<Record<string, string>>): Promise<SeveralServices> {
    return new SeveralServices(await mkdtemp(join(tmpdir(), 'sendoff-several-')), env);
  }

  /** Starts a service. Resolves when it is ready. It ends with the test. */
  async start(service: Service, more: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const flags = ['--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, `dist/apps/${service}/src/main.js`], {
      env: {
        PATH: process.env['PATH'],
        KAFKA_TOPIC_PREFIX: this.topicPrefix,
        SENDOFF_DATA_DIR: this.dataDir,
        SENDOFF_PLATFORM_KEY: 'a platform key of several services',
        SENDOFF_PROJECT_ID: 'p1',
        SENDOFF_TOKEN: 'several-token',
        ...this.env,
        ...more,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.children.add(child);
    const ended = once(child, 'exit') as Promise<[number | null]>;
    void ended.then(() => this.children.delete(child));
    const ready = once(child, 'message') as Promise<[{ readonly ready: string }]>;
    const url = await Promise.race([
      ready.then(([message]) => message.ready),
      ended.then(([code]) => Promise.reject(new Error(`${service} ended with ${code} before it was ready`))),
    ]);
    return {
      url,
      terminate: async () => {
        child.kill('SIGTERM');
        return (await ended)[0];
      },
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    };
  }

  /** Kills what still runs. */
  async close(): Promise<void> {
    const ends = [...this.children].map(async (child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    await Promise.all(ends);
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
  }
}
