import type { EpochMs } from '#contracts';
import type { Clock } from '#platform';
import type { ObjectStore } from './object-store.ts';

/**
 * Longest time of a sweep for removals that fail, in milliseconds. A store that refuses a removal
 * answers at once, so its other objects are tried. A store that is away would need the timeout of
 * one removal for each object.
 */
const failuresMsMax = 60_000;
/** Objects that are remembered because their removal failed. */
const stuckMax = 10_000;

/** The result of a sweep. */
export interface Swept {
  /** Bytes of all objects that stay, also of those whose removal failed. */
  readonly keptBytes: number;
  /** Old objects that could not be removed, or were not tried. The next sweep tries them. */
  readonly left: number;
  /** The last failure. */
  readonly error?: unknown;
}

/** Which objects a sweep removes. */
export interface SweepRule {
  /** Objects stored at or after this instant stay. */
  readonly before: EpochMs;
  /** True for objects that stay, however old they are. It is asked right before each removal. */
  readonly isNeeded?: (digest: string) => boolean;
}

/**
 * Removes old objects of a store. An object whose removal fails holds up no other one: the sweep
 * goes on, and the next sweep tries that object last.
 */
export class ObjectSweep {
  /** Digests of objects whose removal failed. Those that were tried longest ago come first. */
  private stuck: ReadonlySet<string> = new Set();

  constructor(
    private readonly store: Pick<ObjectStore, 'list' | 'remove'>,
    private readonly clock: Pick<Clock, 'elapsedMs'>,
  ) {}

  /** @throws PlatformError `OBJECT_STORE_UNAVAILABLE` if the objects cannot be listed. */
  async sweep({ before, isNeeded = () => false }: SweepRule): Promise<Swept> {
    const tried = new Set<string>();
    const untried = new Set<string>();
    const stuck = new Map<string, number>();
    let [keptBytes, failuresMs, error]: [number, number, unknown] = [0, 0, undefined];

    const handle = async (digest: string, bytes: number): Promise<void> => {
      const startedAt = this.clock.elapsedMs();
      try {
        if (!isNeeded(digest)) {
          if (failuresMs < failuresMsMax) return await this.store.remove(digest, before);
          untried.add(digest);
        }
      } catch (failure) {
        error = failure;
        failuresMs += this.clock.elapsedMs() - startedAt;
        tried.add(digest);
      }
      keptBytes += bytes;
    };

    for await (const { digest, storedAt, bytes } of this.store.list())
      if (storedAt >= before) keptBytes += bytes;
      else if (this.stuck.has(digest)) stuck.set(digest, bytes);
      else await handle(digest, bytes);
    for (const digest of this.stuck) {
      const bytes = stuck.get(digest);
      if (bytes !== undefined) await handle(digest, bytes);
    }
    const waiting = [...untried].filter((digest) => this.stuck.has(digest));
    this.stuck = new Set([...waiting, ...tried].slice(0, stuckMax));
    return { keptBytes, left: untried.size + tried.size, error };
  }
}
