/**
 * Runs Node.js functions in child processes of their own.
 *
 * Not a wall against hostile code: the permission model keeps honest mistakes in (files, processes, workers, addons), the network
 * is open. Whoever runs strangers' code runs this service in a sandboxed RuntimeClass, or uses the `http` runtime.
 *
 * P1. An instance serves one digest of one function, with the memory it was started with; a call takes an instance with room, else a new one, else waits its turn.
 * P2. At most `instancesMax` processes, and no function may hold more than three quarters of them, so that a quiet function finds room.
 * P3. An idle instance ends after a while, or at once when another function needs its place.
 * P4. No instance outlives this process: its channel closes, and where the system can (`setpriv`), it is killed by the kernel, even
 *     in an endless loop.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FunctionDocument } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { Clock, Timer } from '#platform';
import type { FunctionCall, FunctionLog, Runtime } from '../../runtime.ts';
import { errorDocument, failed, Instance } from './instance.ts';
import type { InstanceSetup } from './protocol.ts';

/** Bounds of the runtime. */
export interface NodeRuntimeOptions {
  /** Code and temporary files of functions go below it. */
  readonly workDir: string;
  readonly instancesMax: number;
  /** An instance without calls ends after this. */
  readonly idleMs: number;
}

/** Instances of one function with the same code and the same memory. */
interface Pool {
  readonly codeKey: string;
  readonly instances: Set<Instance>;
}

const acquireTimeoutMs = 10_000;
const extension = extname(fileURLToPath(import.meta.url));
const bootstrapFile = fileURLToPath(new URL(`./bootstrap${extension}`, import.meta.url));
const pdeathsig = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
});

/** The runtime of functions whose `runtime` is some `Node.js...`. */
export class NodeRuntime implements Runtime {
  private readonly pools = new Map<string, Pool>();
  /** Calls that wait for an instance. Each end of a call or an instance wakes all of them: not every one can use what came free. */
  private readonly waiters = new Set<() => void>();
  private readonly sweepTimer: Timer;
  private readonly preparedCode = new Map<string, Promise<string>>();
  private isClosed = false;

  constructor(
    private readonly options: NodeRuntimeOptions,
    private readonly clock: Clock,
    private readonly log: FunctionLog,
  ) {
    this.sweepTimer = this.sweepLater();
  }

  runs(runtime: string): boolean {
    return runtime.startsWith('Node.js');
  }

  callsMax(fn: FunctionDocument): number {
    return this.instancesMaxOf(fn) * fn.concurrencyPerInstance;
  }

  /** Processes that run now. */
  get instances(): number {
    let count = 0;
    for (const { instances } of this.pools.values()) count += instances.size;
    return count;
  }

  async run(call: FunctionCall, signal: AbortSignal): Promise<AttemptOutcome> {
    if (call.function.code.kind !== 'inline')
      return failed('UnhandledInvocationError', errorDocument('CodeMissing', 'the function has no code'), false);
    const instance = await this.acquire(call.function, signal);
    if (instance === undefined)
      return signal.aborted ? { kind: 'cancelled' } : { kind: 'unavailable', reason: 'no instance came free in time' };
    const running = instance.call(call, signal);
    const loadError = await Promise.race([instance.loaded, running.then(() => undefined)]);
    if (loadError !== undefined) {
      instance.kill();
      return failed('UnhandledInvocationError', loadError);
    }
    const outcome = await running;
    this.wakeWaiters();
    return outcome;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.sweepTimer.cancel();
    for (const { instances } of this.pools.values()) for (const instance of instances) instance.kill();
  }

  private async acquire(fn: FunctionDocument, signal: AbortSignal): Promise<Instance | undefined> {
    const deadlineAt = this.clock.now() + acquireTimeoutMs;
    while (!this.isClosed && !signal.aborted && this.clock.now() < deadlineAt) {
      const free = this.withRoom(fn) ?? (await this.startFor(fn));
      if (free !== undefined) return free;
      await this.turn(deadlineAt - this.clock.now(), signal);
    }
    return undefined;
  }

  /** Waits until something came free or the call is aborted, bounded. */
  private async turn(waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        this.waiters.delete(done);
        resolve();
      };
      const timer = this.clock.setTimer(waitMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.waiters.add(done);
    });
  }

  private wakeWaiters(): void {
    for (const wake of [...this.waiters]) wake();
  }

  /** Room is reserved as soon as it is found. */
  private withRoom(fn: FunctionDocument): Instance | undefined {
    for (const instance of this.pools.get(poolKey(fn))?.instances ?? [])
      if (instance.isServing && instance.calls < fn.concurrencyPerInstance) return instance.reserve();
    return undefined;
  }

  private async startFor(fn: FunctionDocument): Promise<Instance | undefined> {
    const codeDir = await this.prepare(fn);
    // Others may have started one, or ended a call, in the meantime.
    const free = this.withRoom(fn);
    if (free !== undefined) return free;
    if (this.instancesOf(codeKey(fn)) >= this.instancesMaxOf(fn)) {
      // One of another memory may hold the place; when it is gone, its end wakes us.
      this.evictIdle((pool) => pool.codeKey === codeKey(fn));
      return undefined;
    }
    if (this.instances >= this.options.instancesMax && !this.evictIdle(() => true)) return undefined;
    return this.start(fn, codeDir).reserve();
  }

  /** P2. */
  private instancesMaxOf({ instancesMax }: FunctionDocument): number {
    const share = Math.max(1, Math.floor(this.options.instancesMax * 0.75));
    return instancesMax === -1 ? share : Math.min(instancesMax, share);
  }

  private start(fn: FunctionDocument, codeDir: string): Instance {
    const key = poolKey(fn);
    const pool = this.pools.get(key) ?? { codeKey: codeKey(fn), instances: new Set<Instance>() };
    this.pools.set(key, pool);
    const instance: Instance = new Instance({
      child: launch(fn, codeDir),
      clock: this.clock,
      memoryMb: fn.memoryMb,
      onLog: (requestId, text) => this.log.write(fn, requestId, text),
      onGone: () => {
        pool.instances.delete(instance);
        if (pool.instances.size === 0) this.pools.delete(key);
        this.wakeWaiters();
      },
    });
    pool.instances.add(instance);
    return instance;
  }

  private instancesOf(key: string): number {
    let count = 0;
    for (const { codeKey: own, instances } of this.pools.values()) if (own === key) count += instances.size;
    return count;
  }

  /** Ends the instance that has been idle longest, among some pools. @returns false when none is idle. */
  private evictIdle(isMeant: (pool: Pool) => boolean): boolean {
    let oldest: Instance | undefined;
    for (const pool of this.pools.values())
      for (const instance of isMeant(pool) ? pool.instances : [])
        if (instance.calls === 0 && instance.isServing && (oldest === undefined || instance.idleSince < oldest.idleSince))
          oldest = instance;
    oldest?.retire();
    return oldest !== undefined;
  }

  private sweepLater(): Timer {
    return this.clock.setTimer(this.options.idleMs / 4, () => {
      if (this.isClosed) return;
      const before = this.clock.now() - this.options.idleMs;
      for (const { instances } of this.pools.values())
        for (const instance of instances) if (instance.calls === 0 && instance.idleSince < before) instance.retire();
      this.sweepLater();
    });
  }

  /** Writes the code once per digest. */
  private async prepare(fn: FunctionDocument): Promise<string> {
    const { code } = fn;
    if (code.kind !== 'inline') return this.options.workDir;
    const codeDir = join(this.options.workDir, code.digest.slice(0, 32));
    const known = this.preparedCode.get(codeDir);
    if (known !== undefined) return known;
    const prepared = (async () => {
      await mkdir(join(codeDir, 'tmp'), { recursive: true });
      await writeFile(join(codeDir, `${fn.handler.slice(0, fn.handler.lastIndexOf('.'))}.js`), code.source);
      return codeDir;
    })();
    this.preparedCode.set(codeDir, prepared);
    prepared.catch(() => this.preparedCode.delete(codeDir));
    return prepared;
  }

  /** Removes what earlier processes left. */
  static async clean(workDir: string): Promise<void> {
    await rm(workDir, { recursive: true, force: true });
  }
}

function poolKey(fn: FunctionDocument): string {
  return `${codeKey(fn)} ${fn.memoryMb}`;
}

function codeKey(fn: FunctionDocument): string {
  return `${fn.urn} ${fn.modifiedAt} ${fn.code.kind === 'inline' ? fn.code.digest : ''}`;
}

function setupOf(fn: FunctionDocument, codeDir: string): InstanceSetup {
  return {
    codeDir,
    handler: fn.handler,
    ...(fn.initializer === undefined ? {} : { initializer: fn.initializer }),
    functionName: fn.name,
    package: fn.package,
    projectId: fn.project,
    version: 'latest',
    memoryMb: fn.memoryMb,
    timeoutMs: fn.timeoutMs,
    userData: fn.userData,
  };
}

/** The whole environment of a function: none of the platform's variables. @see FunctionGraph custom runtimes, RUNTIME_ variables */
function environmentOf(fn: FunctionDocument, codeDir: string): Record<string, string> {
  return {
    SENDOFF_INSTANCE: JSON.stringify(setupOf(fn, codeDir)),
    RUNTIME_PROJECT_ID: fn.project,
    RUNTIME_FUNC_NAME: fn.name,
    RUNTIME_FUNC_VERSION: 'latest',
    RUNTIME_PACKAGE: fn.package,
    RUNTIME_HANDLER: fn.handler,
    RUNTIME_TIMEOUT: String(fn.timeoutMs / 1_000),
    RUNTIME_USERDATA: JSON.stringify(fn.userData),
    RUNTIME_CPU: String(Math.round((fn.memoryMb / 128) * 100 + 200)),
    RUNTIME_MEMORY: String(fn.memoryMb),
    RUNTIME_CODE_ROOT: codeDir,
    TMPDIR: join(codeDir, 'tmp'),
    TZ: 'UTC',
  };
}

function launch(fn: FunctionDocument, codeDir: string): ChildProcess {
  const node = [
    process.execPath,
    '--permission',
    `--allow-fs-read=${dirname(bootstrapFile)}`,
    `--allow-fs-read=${codeDir}`,
    `--allow-fs-write=${join(codeDir, 'tmp')}`,
    `--max-old-space-size=${fn.memoryMb}`,
    '--disable-warning=SecurityWarning',
    '--disable-warning=ExperimentalWarning',
    bootstrapFile,
  ];
  const [command = process.execPath, ...args] =
    pdeathsig === undefined ? node : [pdeathsig, '--pdeathsig', 'KILL', '--', ...node];
  return spawn(command, args, {
    cwd: join(codeDir, 'tmp'),
    env: environmentOf(fn, codeDir),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
