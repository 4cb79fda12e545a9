import { boundIdOf, type EpochMs, type FunctionDocument, type RuntimeDescriptor, runtimeOf } from '#contracts';
import { chosenMemory } from '#lifecycle';
import type { Runtime } from './runtime.ts';

/** A runtime for each way in which code comes. */
export type Runtimes = { readonly [Code in RuntimeDescriptor['code']]: Runtime };

/** Parts of {@link RunnableFunctions}. */
export interface RunnableParts {
  readonly runtimes: Runtimes;
  /**
   * Looks up a URN of eight fields in this process's replica of the registry. Returns undefined if
   * it has no such function.
   */
  readonly functionOf: (functionUrn: string) => FunctionDocument | undefined;
  /** Since when the execution of a function is paused; undefined if it is not. Eight fields. */
  readonly pausedSince: (functionUrn: string) => EpochMs | undefined;
  /**
   * Resolves when the replica holds every change that was written before this call.
   * @throws PlatformError `REGISTRY_BEHIND` if it does not catch up in time.
   */
  readonly catchUp: () => Promise<void>;
  /** The most attempts at once in this process. */
  readonly attemptsMax: number;
  /** The instances of a function that this process may run; see {@link FunctionShares}. */
  readonly shareOf: (functionUrn: string, instancesMax: number) => number;
}

/** A function with its runtime, or the reason why it cannot run. */
export type Runnable =
  | { readonly kind: 'runnable'; readonly function: FunctionDocument; readonly runtime: Runtime }
  | { readonly kind: 'unknown' | 'impossible' | 'disabled'; readonly reason: string };

/** The caller's knowledge of the function, and the memory that it chose. */
interface Wanted {
  /** The caller has seen the function as it was modified at this time. */
  readonly modifiedAt?: number | undefined;
  /** Another function or version under the same name will not do; see `boundIdOf`. */
  readonly functionId?: string | undefined;
  readonly memoryMb?: number | undefined;
}

/** The largest share of a process's attempts that one function may hold. */
const shareMax = 0.75;

/** Finds functions and their runtimes. */
export class RunnableFunctions {
  constructor(private readonly parts: RunnableParts) {}

  /**
   * Finds a function. If the replica of the registry is older than the caller's knowledge, it waits
   * for the replica to catch up.
   * @returns the function; with the memory that the caller chose, if the function allows that. A
   *   promise only if it waits.
   * @throws PlatformError `REGISTRY_BEHIND` if the replica does not catch up in time.
   */
  find(functionUrn: string, wanted: Wanted = {}): Runnable | Promise<Runnable> {
    const { functionOf, catchUp } = this.parts;
    const seen = functionOf(functionUrn);
    const isBehind = (seen?.modifiedAt ?? -1) < (wanted.modifiedAt ?? 0) || (seen !== undefined && !isMeant(seen, wanted));
    return isBehind ? catchUp().then(() => this.found(functionUrn, wanted)) : this.found(functionUrn, wanted);
  }

  private found(functionUrn: string, wanted: Wanted): Runnable {
    const found = this.parts.functionOf(functionUrn);
    if (found === undefined || !isMeant(found, wanted))
      return { kind: 'unknown', reason: 'the function does not exist any more' };
    const runtime = this.runtimeOf(found);
    if (runtime === undefined) return { kind: 'impossible', reason: `runtime ${found.runtime} cannot be run here` };
    if (found.instancesMax === 0) return { kind: 'disabled', reason: 'the function is disabled' };
    // An attempt that has begun goes on, even if the share has moved to another process since.
    const share = Math.max(1, this.parts.shareOf(functionUrn, found.instancesMax));
    const instancesMax = Number.isFinite(share) ? share : found.instancesMax;
    const memory = chosenMemory(found, wanted.memoryMb).memoryMb ?? found.memoryMb;
    // A document has many fields, and is rarely another one for the attempt.
    const isAsFound = instancesMax === found.instancesMax && memory === found.memoryMb;
    return { kind: 'runnable', function: isAsFound ? found : { ...found, instancesMax, memoryMb: memory }, runtime };
  }

  /**
   * The most attempts of a function at once in this process. They are as many as its share of the
   * instances can take, but never all of the process. 0: other processes have the whole share. A
   * function that is unknown or disabled has at least 1, so that its attempts end.
   */
  runningMaxOf(functionUrn: string): number {
    const found = this.parts.functionOf(functionUrn);
    if (found === undefined || found.instancesMax === 0) return this.capacityOf(functionUrn);
    const instances = this.parts.shareOf(functionUrn, found.instancesMax);
    const runtime = this.runtimeOf(found);
    if (!Number.isFinite(instances) || runtime === undefined) return this.capacityOf(functionUrn);
    const { concurrencyPerInstance } = found;
    return instances === 0 ? 0 : this.bounded(runtime.callsMax({ instancesMax: instances, concurrencyPerInstance }));
  }

  /** The most attempts of a function at once in any process, at least 1. */
  capacityOf(functionUrn: string): number {
    const found = this.parts.functionOf(functionUrn);
    const runtime = found === undefined ? undefined : this.runtimeOf(found);
    return this.bounded(found === undefined || runtime === undefined ? Number.POSITIVE_INFINITY : runtime.callsMax(found));
  }

  /** Since when the execution of a function is paused; undefined if its attempts may start. */
  pausedSince(functionUrn: string): EpochMs | undefined {
    return this.parts.pausedSince(functionUrn);
  }

  /** The instances of a function in all processes; -1 if it is unknown or has no limit. */
  instancesMaxOf(functionUrn: string): number {
    return this.parts.functionOf(functionUrn)?.instancesMax ?? -1;
  }

  private bounded(callsMax: number): number {
    return Math.max(1, Math.min(Math.floor(this.parts.attemptsMax * shareMax), callsMax));
  }

  /**
   * The limit that a function sets itself on its attempts at once, as far as this process has a
   * share of it; or infinity.
   */
  ownMaxOf(functionUrn: string): number {
    const found = this.parts.functionOf(functionUrn);
    if (found === undefined || found.instancesMax === -1) return Number.POSITIVE_INFINITY;
    if (found.instancesMax === 0) return 1;
    return this.parts.shareOf(functionUrn, found.instancesMax) * found.concurrencyPerInstance;
  }

  private runtimeOf(found: FunctionDocument): Runtime | undefined {
    const kind = runtimeOf(found.runtime);
    return kind === undefined ? undefined : this.parts.runtimes[kind.code];
  }
}

function isMeant(found: FunctionDocument, { functionId }: Wanted): boolean {
  return functionId === undefined || boundIdOf(found) === functionId;
}
