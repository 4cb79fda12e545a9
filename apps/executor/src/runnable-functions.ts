import { type FunctionDocument, type RuntimeDescriptor, runtimeOf } from '#contracts';
import { chosenMemory } from '#lifecycle';
import type { Runtime } from './runtime.ts';

/** A runtime for each way in which code comes. */
export type Runtimes = { readonly [Code in RuntimeDescriptor['code']]: Runtime };

/** Parts of {@link RunnableFunctions}. */
export interface RunnableParts {
  readonly runtimes: Runtimes;
  /**
   * The function a URN of eight fields names, as far as this process knows; undefined when it is
   * gone.
   */
  readonly functionOf: (functionUrn: string) => FunctionDocument | undefined;
  /**
   * Resolves when this process knows of functions what was known anywhere before.
   * @throws PlatformError `REGISTRY_BEHIND`.
   */
  readonly catchUp: () => Promise<void>;
  /** Attempts at once in this process. */
  readonly attemptsMax: number;
}

/** A function and what runs it; or why it cannot be run: ever, or while it is disabled. */
export type Runnable =
  | { readonly kind: 'runnable'; readonly function: FunctionDocument; readonly runtime: Runtime }
  | { readonly kind: 'unknown' | 'impossible' | 'disabled'; readonly reason: string };

/** What the caller knew of the function, and what memory it chose. */
interface Wanted {
  /** The function must be at least as new as this. */
  readonly modifiedAt?: number | undefined;
  readonly memoryMb?: number | undefined;
}

/** No function may hold more of a process: others find room whatever one does. */
const shareMax = 0.75;

/** Finds functions and their runtimes. */
export class RunnableFunctions {
  constructor(private readonly parts: RunnableParts) {}

  /**
   * Finds a function. The own copy of the registry may lie behind what the caller knew, so it
   * catches up before it says no.
   * @returns the function with the memory the caller chose, where it lets callers choose.
   * @throws PlatformError `REGISTRY_BEHIND` when it is not known whether there is such a function.
   */
  async find(functionUrn: string, { modifiedAt = 0, memoryMb }: Wanted = {}): Promise<Runnable> {
    const { functionOf, catchUp } = this.parts;
    if ((functionOf(functionUrn)?.modifiedAt ?? -1) < modifiedAt) await catchUp();
    const found = functionOf(functionUrn);
    if (found === undefined) return { kind: 'unknown', reason: 'the function is gone' };
    const runtime = this.runtimeOf(found);
    if (runtime === undefined) return { kind: 'impossible', reason: `runtime ${found.runtime} cannot be run here` };
    if (found.instancesMax === 0) return { kind: 'disabled', reason: 'the function is disabled' };
    return { kind: 'runnable', function: { ...found, ...chosenMemory(found, memoryMb) }, runtime };
  }

  /**
   * Attempts of a function this process makes at once: what its runtime can do, but never all of
   * this process. At least 1.
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
