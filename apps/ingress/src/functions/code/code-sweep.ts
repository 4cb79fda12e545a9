import { Inject } from '@nestjs/common';
import { epochMs, type FunctionDocument } from '#contracts';
import { type ObjectStore, ObjectSweep } from '#objects';
import { type Clock, CLOCK, type Logger, LOGGER, RepeatedWork, RetentionClock } from '#platform';
import { Registry } from '#registry';
import { CODE_STORE } from './code-store.ts';

const sweepEveryMs = 3_600_000;
/**
 * Minimum age of a removed archive. An upload stores it before the function names it, and takes
 * less than a day.
 */
const ageMinMs = 86_400_000;

/** Deletes archives that no function names any more, every hour until closed. */
export class CodeSweep {
  private readonly repeated: RepeatedWork;
  private readonly sweeps: ObjectSweep;
  private readonly time: RetentionClock;

  constructor(
    @Inject(CODE_STORE) store: ObjectStore,
    @Inject(Registry) private readonly registry: Registry,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'warn'>,
  ) {
    this.time = new RetentionClock(clock);
    this.sweeps = new ObjectSweep(store, clock);
    this.repeated = new RepeatedWork(clock, sweepEveryMs, async () => this.sweep());
  }

  /** Schedules the first sweep after an hour, because a starting process has more urgent work. */
  start(): void {
    this.repeated.start();
  }

  close(): void {
    this.repeated.close();
  }

  private async sweep(): Promise<void> {
    const { sweeps, time, logger } = this;
    const before = epochMs(time.now() - ageMinMs);
    try {
      const { left, error } = await sweeps.sweep({ before, isNeeded: (digest) => this.isNamed(digest) });
      if (left > 0)
        logger.warn({ err: error, archives: left }, 'unused archives could not be deleted; the next sweep tries again');
    } catch (error) {
      logger.warn({ err: error }, 'archives could not be listed to delete unused ones; the next sweep tries again');
    }
  }

  /**
   * Whether a function or version names an archive. It is checked just before each deletion,
   * because a new function may name the archive.
   */
  private isNamed(digest: string): boolean {
    const { registry } = this;
    const names = ({ code }: FunctionDocument) => code.kind === 'archive' && code.digest === digest;
    return registry.list('function').some(names) || registry.list('version').some((version) => names(version.function));
  }
}
