import { Inject } from '@nestjs/common';
import { epochMs, type FunctionDocument } from '#contracts';
import type { ObjectStore } from '#objects';
import { type Clock, CLOCK, type Logger, LOGGER, type Timer } from '#platform';
import { Registry } from '#registry';
import { CODE_STORE } from './code-store.ts';

const sweepEveryMs = 3_600_000;
/** An archive is kept before the function that names it is written; a day is longer than any upload. */
const keptMs = 86_400_000;

/** Removes archives that no function names any more, now and again until closed. */
export class CodeSweep {
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(
    @Inject(CODE_STORE) private readonly store: ObjectStore,
    @Inject(Registry) private readonly registry: Registry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Sweeps for the first time after a while: what starts has better to do. */
  start(): void {
    this.timer = this.clock.setTimer(sweepEveryMs, () => void this.sweep());
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  private async sweep(): Promise<void> {
    const { store, clock, logger } = this;
    const since = epochMs(clock.now() - keptMs);
    try {
      for await (const { digest, storedAt } of store.list())
        if (storedAt < since && !this.isNamed(digest)) await store.remove(digest, since);
    } catch (error) {
      logger.warn({ err: error }, 'code that nobody needs could not be removed');
    }
    if (!this.isClosed) this.start();
  }

  /** Asked for each archive anew, as late as can be: a function may have come to name it. */
  private isNamed(digest: string): boolean {
    const { registry } = this;
    const names = ({ code }: FunctionDocument) => code.kind === 'archive' && code.digest === digest;
    return registry.list('function').some(names) || registry.list('version').some((version) => names(version.function));
  }
}
