/**
 * Runs Node.js functions in child processes of their own.
 *
 * Not a wall against hostile code: the permission model keeps honest mistakes in (files, processes, workers, addons), the network
 * is open. Whoever runs strangers' code runs this service in a sandboxed RuntimeClass, or uses the `http` runtime.
 *
 * P1. An instance serves one version of one function, as it was set at one time, with the memory it was started with; a call takes an
 *     instance with room, else a new one, else waits its turn. A place that a call has taken is its own from then on.
 * P2. At most `instancesMax` processes, and no function, all its versions together, may hold more than three quarters of them, so that
 *     a quiet function finds room.
 * P3. An idle instance ends after a while, or at once when another function needs its place.
 * P4. No instance outlives this process: its channel closes, and where the system can (`setpriv`), it is killed by the kernel, even
 *     in an endless loop.
 */
import { epochMs, type FunctionDocument, userDataOwner } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { Clock, Sealer, Timer } from '#platform';
import type { FunctionCall, FunctionLog, Runtime } from '../../runtime.ts';
import type { CodeFolders, Workplace } from './code-folders.ts';
import { errorDocument, failed, Instance } from './instance.ts';
import { launch, versionOf } from './launch.ts';

/** Bounds of the runtime, and what it works with. */
export interface NodeRuntimeOptions {
  readonly folders: CodeFolders;
  /** Opens the sealed user data of functions. */
  readonly sealer: Pick<Sealer, 'open'>;
  readonly instancesMax: number;
  /** An instance without calls ends after this. */
  readonly idleMs: number;
}

/** Instances of one function with the same code and the same memory. */
interface Pool {
  /** Seven fields: versions of a function share its bound. */
  readonly functionUrn: string;
  readonly instances: Set<Instance>;
}

const acquireTimeoutMs = 10_000;
const unreadable = 'the encrypted user data cannot be opened with the platform key';

/** The runtime of functions whose `runtime` is some `Node.js...`. */
export class NodeRuntime implements Runtime {
  private readonly pools = new Map<string, Pool>();
  /** Calls that wait for an instance. Each end of a call or an instance wakes all of them: not every one can use what came free. */
  private readonly waiters = new Set<() => void>();
  private readonly sweepTimer: Timer;
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
    const askedAt = this.clock.now();
    const acquired = await this.acquire(call.function, signal);
    if (!(acquired instanceof Instance)) return acquired;
    // Neither the wait for an instance nor the unpacking of its code is time of the function's.
    const deadlineAt = epochMs(call.deadlineAt + this.clock.now() - askedAt);
    const running = acquired.call({ ...call, deadlineAt }, signal);
    const loadError = await Promise.race([acquired.loaded, running.then(() => undefined)]);
    if (loadError !== undefined) {
      acquired.kill();
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

  /** An instance with room; or how the attempt ends without one. */
  private async acquire(fn: FunctionDocument, signal: AbortSignal): Promise<Instance | AttemptOutcome> {
    const deadlineAt = this.clock.now() + acquireTimeoutMs;
    while (!this.isClosed && !signal.aborted && this.clock.now() < deadlineAt) {
      const found = this.withRoom(fn) ?? (await this.startFor(fn));
      if (found !== undefined) return found;
      await this.turn(deadlineAt - this.clock.now(), signal);
    }
    return signal.aborted ? { kind: 'cancelled' } : { kind: 'unavailable', reason: 'no instance came free in time' };
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

  /** @returns undefined where it is not this function's turn. */
  private async startFor(fn: FunctionDocument): Promise<Instance | AttemptOutcome | undefined> {
    if (!this.mayStart(fn)) return undefined;
    const answer = await this.options.folders.workplaceFor(fn);
    switch (answer.kind) {
      case 'unavailable':
        return { kind: 'unavailable', reason: answer.reason };
      case 'impossible':
        return failed('UnhandledInvocationError', errorDocument('CodeUnusable', answer.reason), false);
      case 'ready': {
        // Others may have started one, or ended a call, in the meantime.
        const free = this.withRoom(fn);
        const userData = this.userDataOf(fn);
        if (free === undefined && userData !== undefined && this.mayStart(fn))
          return this.start(fn, answer.workplace, userData).reserve();
        answer.workplace.release();
        return free ?? (userData === undefined ? { kind: 'unavailable', reason: unreadable } : undefined);
      }
      default:
        return answer satisfies never;
    }
  }

  /** Is there a place for one more, or an idle one whose place it can have? */
  private mayStart(fn: FunctionDocument): boolean {
    const hasOwnPlace = this.instancesOf(fn.urn) < this.instancesMaxOf(fn) || this.idle(fn.urn) !== undefined;
    return hasOwnPlace && (this.instances < this.options.instancesMax || this.idle() !== undefined);
  }

  /** @returns undefined where a value was sealed with another key. */
  private userDataOf({ urn, userData, sealedUserData }: FunctionDocument): Readonly<Record<string, string>> | undefined {
    try {
      const sealed = Object.entries(sealedUserData ?? {});
      const opened = sealed.map(([name, text]) => [name, this.options.sealer.open(text, userDataOwner(urn, name))] as const);
      return { ...userData, ...Object.fromEntries(opened) };
    } catch {
      return undefined;
    }
  }

  /** P2. */
  private instancesMaxOf({ instancesMax }: FunctionDocument): number {
    const share = Math.max(1, Math.floor(this.options.instancesMax * 0.75));
    return instancesMax === -1 ? share : Math.min(instancesMax, share);
  }

  /** Where there is no place left, an idle instance makes one. */
  private start(fn: FunctionDocument, workplace: Workplace, userData: Readonly<Record<string, string>>): Instance {
    if (this.instancesOf(fn.urn) >= this.instancesMaxOf(fn)) this.idle(fn.urn)?.retire();
    else if (this.instances >= this.options.instancesMax) this.idle()?.retire();
    const key = poolKey(fn);
    const pool = this.pools.get(key) ?? { functionUrn: fn.urn, instances: new Set<Instance>() };
    this.pools.set(key, pool);
    const instance: Instance = new Instance({
      child: launch(fn, workplace, userData),
      clock: this.clock,
      memoryMb: fn.memoryMb,
      onLog: (requestId, text) => this.log.write(fn, requestId, text),
      onGone: () => {
        pool.instances.delete(instance);
        workplace.release();
        if (pool.instances.size === 0) this.pools.delete(key);
        this.wakeWaiters();
      },
    });
    pool.instances.add(instance);
    return instance;
  }

  private instancesOf(functionUrn: string): number {
    let count = 0;
    for (const pool of this.pools.values()) if (pool.functionUrn === functionUrn) count += pool.instances.size;
    return count;
  }

  /** The instance, of one function or of all, that has been idle longest; undefined when none is idle. */
  private idle(functionUrn?: string): Instance | undefined {
    let oldest: Instance | undefined;
    for (const pool of this.pools.values()) {
      if (functionUrn !== undefined && pool.functionUrn !== functionUrn) continue;
      for (const instance of pool.instances)
        if (instance.calls === 0 && instance.isServing && (oldest === undefined || instance.idleSince < oldest.idleSince))
          oldest = instance;
    }
    return oldest;
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
}

function poolKey(fn: FunctionDocument): string {
  return `${fn.urn} ${versionOf(fn)} ${fn.modifiedAt} ${fn.memoryMb}`;
}
