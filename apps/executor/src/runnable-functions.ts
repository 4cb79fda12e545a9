import { boundIdOf, type FunctionDocument, type RuntimeDescriptor, runtimeOf } from '#contracts';
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
  /**
   * Resolves when the replica holds every change that was written before this call.
   * @throws PlatformError `REGISTRY_BEHIND` if it does not catch up in time.
   */
  readonly catchUp: () => Promise<void>;
  /** The most attempts at once in this process. */
  readonly attemptsMax: number;
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
   * @returns the function; with the memory that the caller chose, if the function allows that.
   * @throws PlatformError `REGISTRY_BEHIND` if the replica does not catch up in time.
   */
  async find(functionUrn: string, { modifiedAt = 0, functionId, memoryMb }: Wanted = {}): Promise<Runnable> {
    const { functionOf, catchUp } = this.parts;
    const isMeant = (fn: FunctionDocument) => functionId === undefined || boundIdOf(fn) === functionId;
    const seen = functionOf(functionUrn);
    if ((seen?.modifiedAt ?? -1) < modifiedAt || (seen !== undefined && !isMeant(seen))) await catchUp();
    const found = functionOf(functionUrn);
    if (found === undefined || !isMeant(found)) return { kind: 'unknown', reason: 'the function does not exist any more' };
    const runtime = this.runtimeOf(found);
    if (runtime === undefined) return { kind: 'impossible', reason: `runtime ${found.runtime} cannot be run here` };
    if (found.instancesMax === 0) return { kind: 'disabled', reason: 'the function is disabled' };
    return { kind: 'runnable', function: { ...found, ...chosenMemory(found, memoryMb) }, runtime };
  }

  /**
   * The most attempts of a function at once in this process, at least 1. It is as many as the
   * runtime can take, but never all attempts of the process.
   */
  runningMaxOf(functionUrn: string): number {
    const share = Math.max(1, Math.floor(this.parts.attemptsMax * shareMax));
    const found = this.parts.functionOf(functionUrn);
    const runtime = found === undefined ? undefined : this.runtimeOf(found);
    return found === undefined || runtime === undefined ? share : Math.max(1, Math.min(share, runtime.callsMax(found)));
  }

  private runtimeOf(found: FunctionDocument): Runtime | undefined {
    const kind = runtimeOf(found.runtime);
    return kind === undefined ? undefined : this.parts.runtimes[kind.code];
  }
}
