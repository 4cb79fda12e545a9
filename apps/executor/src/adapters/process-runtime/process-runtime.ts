/**
 * Runs functions that are files, each in processes of its own. A launcher for each language starts
 * the processes.
 *
 * The walls of `../walls` keep a process from the platform and from other functions. A setting
 * chooses how strong they are, and docs/isolation.md says what each level keeps.
 *
 * P1. An instance serves one version of one function, with the settings and the memory it was
 *     started with. A call takes an instance with room, else a new one, else it waits. Reserved
 *     room belongs to its call.
 * P2. At most `instancesMax` processes run, whatever their languages. All versions of one function
 *     together hold at most three quarters of them. The last quarter takes only the first instance
 *     of a function. So a quiet function finds room beside several noisy ones.
 * P3. An idle instance ends after a while, or at once when another function needs its place.
 * P4. Calls that wait share the start of an instance as far as it can serve them.
 * P5. No instance outlives the executor: its channel closes, and the kernel ends it if the system
 *     has `setpriv`, even in an endless loop.
 */
import assert from 'node:assert/strict';
import { boundIdOf, type FunctionDocument, type ProcessRuntimeKind, runtimeOf, userDataOwner } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { CancelSignal, Clock, Sealer, Timer } from '#platform';
import type { CallBounds, FunctionCall, FunctionLog, Runtime } from '../../runtime.ts';
import { InstanceWatch } from '../walls/instance-watch.ts';
import type { Cell } from '../walls/walls.ts';
import type { CodeFolders } from './code-folders.ts';
import { Instance } from './instance.ts';
import { errorDocument, failed } from './outcomes.ts';
import { type ProcessLauncher, versionOf } from './process-launcher.ts';
import { SharedStarts, type Start } from './shared-starts.ts';

/** A launcher for each language. */
export type Launchers = { readonly [Kind in ProcessRuntimeKind]: ProcessLauncher };

/** Parts and bounds of a {@link ProcessRuntime}. */
export interface ProcessRuntimeOptions {
  readonly launchers: Launchers;
  readonly folders: CodeFolders;
  /** Opens the sealed user data of functions. */
  readonly sealer: Pick<Sealer, 'open'>;
  readonly instancesMax: number;
  /** An instance without calls ends after this. */
  readonly idleMs: number;
  /** Tells the operator what keeps instances from starting. Default: nobody is told. */
  readonly warn?: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** Instances of one function with the same code and the same memory. */
interface Pool {
  /** Seven fields: versions of a function share its bound. */
  readonly functionUrn: string;
  readonly instances: Set<Instance>;
}

/** An instance with room that is kept for the call, the outcome of the call, or no place now. */
type StartOutcome = Instance | AttemptOutcome | undefined;
type InstanceStart = Start<StartOutcome>;

const acquireTimeoutMs = 10_000;
/** Longest start of an instance without its initializer, which has a limit of its own. */
const startTimeoutMs = 15_000;
const cancelled = { kind: 'cancelled' } as const;
const tooLate = 'no instance was ready before the validity period ended';
const unreadable = 'the encrypted user data cannot be opened with the platform key';

/** The runtime of all functions that are files. */
export class ProcessRuntime implements Runtime {
  private readonly pools = new Map<string, Pool>();
  private readonly starts = new SharedStarts<StartOutcome>();
  /**
   * Wakes calls that wait for an instance. Each end of a call or of an instance wakes all, because
   * some cannot use it. The value is the time by `elapsedMs` since which the call waits.
   */
  private readonly waiters = new Map<() => void, number>();
  /** Counts these ends. A call that looked before the last one looks again before it waits. */
  private ends = 0;
  private readonly sweepTimer: Timer;
  private readonly watch: InstanceWatch;
  private isClosed = false;

  constructor(
    private readonly options: ProcessRuntimeOptions,
    private readonly clock: Clock,
    private readonly log: FunctionLog,
  ) {
    this.sweepTimer = this.sweepLater();
    this.watch = new InstanceWatch(clock);
  }

  callsMax(bounds: CallBounds): number {
    return this.instancesMaxOf(bounds) * bounds.concurrencyPerInstance;
  }

  /** Processes that run now. */
  get instances(): number {
    let count = 0;
    for (const { instances } of this.pools.values()) count += instances.size;
    return count;
  }

  /** Since when each call waits for an instance, by `elapsedMs` of the clock. */
  get waitingSince(): readonly number[] {
    return [...this.waiters.values()];
  }

  /** Processes that are not idle. The places of idle ones are free for whoever needs them. */
  private get busyInstances(): number {
    let count = 0;
    for (const { instances } of this.pools.values()) for (const instance of instances) if (!isIdle(instance)) count += 1;
    return count;
  }

  async run(call: FunctionCall, signal: CancelSignal): Promise<AttemptOutcome> {
    const acquired = this.withRoomNow(call, signal) ?? (await this.acquire(call, signal));
    if (!(acquired instanceof Instance)) return acquired;
    const outcome = await this.runIn(acquired, call, signal);
    this.wakeWaiters();
    return outcome;
  }

  /** The timeout of the call begins when the code is loaded. */
  private async runIn(instance: Instance, call: FunctionCall, signal: CancelSignal): Promise<AttemptOutcome> {
    const loading = instance.loading ?? (await Promise.race([instance.loaded, aborted(signal)]));
    if (loading.kind === 'loaded') {
      const mayStart = call.mayStart === undefined || (await call.mayStart());
      const missed = mayStart ? this.reasonNotToStart(instance, call) : cancelled;
      if (missed === undefined) return instance.call(call, signal);
      instance.giveBack();
      return missed;
    }
    instance.giveBack();
    if (loading.kind === 'aborted') return cancelled;
    instance.kill();
    this.print(call, `${loading.description}\n`);
    return failed(loading.isOutOfMemory === true ? 'OutOfMemory' : 'UnhandledInvocationError', loading.error);
  }

  /** Writes to the log of a call that no process prints. */
  private print({ function: fn, requestId, observer }: FunctionCall, text: string): void {
    this.log.write(fn, requestId, text);
    observer?.printed(text);
  }

  /** @returns the outcome of a call that may not start any more; undefined if it may. */
  private reasonNotToStart(instance: Instance, call: FunctionCall): AttemptOutcome | undefined {
    const isLate = call.startBefore !== undefined && this.clock.elapsedMs() >= call.startBefore;
    if (isLate) return { kind: 'unavailable', reason: tooLate };
    return instance.isServing ? undefined : { kind: 'unavailable', reason: 'the instance ended before the call could start' };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.sweepTimer.cancel();
    for (const { instances } of this.pools.values()) for (const instance of instances) instance.kill();
  }

  /** As {@link acquire}, without a wait; undefined if it takes one. */
  private withRoomNow({ function: fn, startBefore }: FunctionCall, signal: CancelSignal): Instance | undefined {
    return this.mayAcquire(startBefore ?? Number.POSITIVE_INFINITY, signal) ? this.withRoom(fn) : undefined;
  }

  /** @param until by `elapsedMs` of the clock. */
  private mayAcquire(until: number, signal: CancelSignal): boolean {
    return !this.isClosed && !signal.aborted && this.clock.elapsedMs() < until;
  }

  /** An instance with reserved room, or the outcome of an attempt that gets none. */
  private async acquire({ function: fn, startBefore }: FunctionCall, signal: CancelSignal): Promise<Instance | AttemptOutcome> {
    const since = this.clock.elapsedMs();
    const waitsUntil = Math.min(since + acquireTimeoutMs, startBefore ?? Number.POSITIVE_INFINITY);
    while (this.mayAcquire(waitsUntil, signal)) {
      const { ends } = this;
      const found = this.withRoom(fn) ?? (await this.startFor(fn));
      if (found !== undefined) return found;
      if (ends === this.ends) await this.turn({ since, waitMs: waitsUntil - this.clock.elapsedMs() }, signal);
    }
    return signal.aborted ? cancelled : { kind: 'unavailable', reason: 'no instance became free in time' };
  }

  /** Waits until an instance or a place may be free, the call is aborted, or the time is over. */
  private async turn({ since, waitMs }: { since: number; waitMs: number }, signal: CancelSignal): Promise<void> {
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
      this.waiters.set(done, since);
    });
  }

  private wakeWaiters(): void {
    this.ends += 1;
    if (this.waiters.size > 0) for (const wake of [...this.waiters.keys()]) wake();
  }

  /** An instance with room, which is reserved. */
  private withRoom(fn: FunctionDocument): Instance | undefined {
    for (const instance of this.pools.get(poolKey(fn))?.instances ?? [])
      if (instance.isServing && instance.calls < fn.concurrencyPerInstance) return instance.reserve();
    return undefined;
  }

  /** Returns undefined if the function gets no place now. */
  private async startFor(fn: FunctionDocument): Promise<StartOutcome> {
    const joined = this.starts.join(poolKey(fn), fn.concurrencyPerInstance);
    if (joined !== undefined) {
      const outcome = await joined.ended;
      return joined.hasSeats || !(outcome instanceof Instance) ? outcome : this.withRoom(fn);
    }
    if (!this.mayStart(fn)) return undefined;
    try {
      return await this.starts.begin(poolKey(fn), fn.urn, async (start) => this.startInWorkplace(fn, start));
    } finally {
      // Calls that found no place because of this start may find one now.
      this.wakeWaiters();
    }
  }

  private async startInWorkplace(fn: FunctionDocument, start: InstanceStart): Promise<StartOutcome> {
    const answer = await this.options.folders.workplaceFor(fn);
    switch (answer.kind) {
      case 'unavailable':
        return this.cannotStart(fn, answer.reason);
      case 'impossible':
        return failed('UnhandledInvocationError', errorDocument('CodeUnusable', answer.reason), false);
      case 'ready': {
        // An instance of before may be free again in the meantime, or an idle one may be busy.
        const free = this.withRoom(fn);
        const userData = this.userDataOf(fn);
        if (free === undefined && userData !== undefined && this.mayStart(fn, 1)) {
          try {
            return this.start(fn, answer.workplace, userData).reserve(start.close());
          } catch (error) {
            answer.workplace.release();
            return this.cannotStart(fn, `cannot start an instance: ${(error as Error).message}`);
          }
        }
        answer.workplace.release();
        return free ?? (userData === undefined ? { kind: 'unavailable', reason: unreadable } : undefined);
      }
      default:
        return answer satisfies never;
    }
  }

  /** The machine lacks something, such as room on a disk: callers alone cannot mend it. */
  private cannotStart(fn: FunctionDocument, reason: string): AttemptOutcome {
    this.options.warn?.('An instance of a function cannot be started', { function: fn.urn, reason });
    return { kind: 'unavailable', reason };
  }

  /**
   * True if one more instance has a place, or may take that of an idle one.
   * @param begun 1 if the start of that instance is under way already.
   */
  private mayStart(fn: FunctionDocument, begun: 0 | 1 = 0): boolean {
    const ownStarts = this.starts.count(fn.urn) - begun;
    const own = this.instancesOf(fn.urn) + ownStarts;
    const mayReplace = ownStarts === 0 && this.idle(fn.urn) !== undefined;
    const { instancesMax } = this.options;
    const kept = own === 0 ? 0 : Math.floor(instancesMax / 4);
    const taken = this.busyInstances + this.starts.count() - begun;
    return (own < this.instancesMaxOf(fn) || mayReplace) && taken + kept < instancesMax;
  }

  /** Returns undefined if a value was encrypted with another key. */
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
  private instancesMaxOf({ instancesMax }: Pick<CallBounds, 'instancesMax'>): number {
    const share = Math.max(1, Math.floor(this.options.instancesMax * 0.75));
    return instancesMax === -1 ? share : Math.min(instancesMax, share);
  }

  /** Starts an instance. An idle one ends for it if no place is free. */
  private start(fn: FunctionDocument, workplace: Cell, userData: Readonly<Record<string, string>>): Instance {
    if (this.instancesOf(fn.urn) >= this.instancesMaxOf(fn)) this.idle(fn.urn)?.retire();
    else if (this.instances >= this.options.instancesMax) this.idle()?.retire();
    const key = poolKey(fn);
    const pool = this.pools.get(key) ?? { functionUrn: fn.urn, instances: new Set<Instance>() };
    const launcher = this.launcherOf(fn);
    const instance: Instance = new Instance({
      process: launcher.launch(fn, workplace, userData),
      launcher,
      clock: this.clock,
      memoryMb: fn.memoryMb,
      watch: this.watch,
      canFork: workplace.canFork,
      ...(workplace.tmpLimits === undefined ? {} : { tmpLimits: workplace.tmpLimits }),
      ...(workplace.hasRunOutOfMemory === undefined ? {} : { hasRunOutOfMemory: workplace.hasRunOutOfMemory }),
      startTimeoutMs: startTimeoutMs + (fn.initializer?.timeoutMs ?? 0),
      onLog: (requestId, text) => this.log.write(fn, requestId, text),
      onGone: () => {
        pool.instances.delete(instance);
        workplace.release();
        if (pool.instances.size === 0) this.pools.delete(key);
        this.wakeWaiters();
      },
    });
    pool.instances.add(instance);
    this.pools.set(key, pool);
    return instance;
  }

  private launcherOf({ runtime }: FunctionDocument): ProcessLauncher {
    const found = runtimeOf(runtime);
    assert(found?.code === 'files', `functions of runtime ${runtime} are not files`);
    return this.options.launchers[found.kind];
  }

  private instancesOf(functionUrn: string): number {
    let count = 0;
    for (const pool of this.pools.values()) if (pool.functionUrn === functionUrn) count += pool.instances.size;
    return count;
  }

  /**
   * Finds the instance, of one function or of all, that has been idle longest. Returns undefined if
   * none is idle.
   */
  private idle(functionUrn?: string): Instance | undefined {
    let oldest: Instance | undefined;
    for (const pool of this.pools.values()) {
      if (functionUrn !== undefined && pool.functionUrn !== functionUrn) continue;
      for (const instance of pool.instances)
        if (isIdle(instance) && (oldest === undefined || instance.idleSince < oldest.idleSince)) oldest = instance;
    }
    return oldest;
  }

  private sweepLater(): Timer {
    return this.clock.setTimer(this.options.idleMs / 4, () => {
      if (this.isClosed) return;
      const before = this.clock.elapsedMs() - this.options.idleMs;
      for (const { instances } of this.pools.values())
        for (const instance of instances) if (instance.calls === 0 && instance.idleSince < before) instance.retire();
      this.sweepLater();
    });
  }
}

function aborted(signal: CancelSignal): Promise<{ readonly kind: 'aborted' }> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve({ kind: 'aborted' });
    signal.addEventListener('abort', () => resolve({ kind: 'aborted' }), { once: true });
  });
}

function poolKey(fn: FunctionDocument): string {
  return `${boundIdOf(fn)} ${fn.urn} ${versionOf(fn)} ${fn.modifiedAt} ${fn.memoryMb}`;
}

function isIdle({ calls, isServing }: Instance): boolean {
  return calls === 0 && isServing;
}
