/**
 * Runs redrives: one step in a second for each, by one process of the installation.
 *
 * 1. The process whose name is in the last run that the topic holds runs the redrive. It reads its
 *    own claim back before its first step, and looks at the topic before each step.
 * 2. A process that has read nothing of a redrive for {@link leaseMs} claims it. If two claim it at
 *    once, the second claim counts, and the first process stops.
 * 3. A step that was not written down is done again. It starts nothing twice: each invocation has
 *    an idempotency key made of the redrive and its parent.
 */
import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Inject, type OnApplicationBootstrap } from '@nestjs/common';
import { redriveBounds, type RedriveKind, type RedriveRun, type RedriveSpec } from '#contracts';
import { firstRun, isActiveRedrive, nextRedriveStep, passesCanary, type Redrive, resumedRun, withEnds } from '#lifecycle';
import { type Clock, CLOCK, type Logger, LOGGER, type Timer } from '#platform';
import { FailedInvocations } from './failed-invocations.ts';
import { RedriveLog } from './redrive-log.ts';
import type { Redriven, RedriveItem, RedriveSource } from './redrive-source.ts';
import { addRefusal } from './refusals.ts';
import { UndeliveredNotices } from './undelivered-notices.ts';

const stepMs = 1_000;
/** A running process writes at least this often. */
const beatMs = 2_000;
/** After such a silence another process takes over. */
const leaseMs = 6_000;
/** Items that are started at once. */
const atOnce = 10;

/** Runs the redrives that this process has claimed. */
export class RedriveRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sources: Readonly<Record<RedriveKind, RedriveSource>>;
  private readonly name = randomUUID();
  /** When the outcomes of a redrive are counted next, by the clock of this process. */
  private readonly countedNextMs = new Map<string, number>();
  private timer: Timer | undefined;
  private round: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(
    @Inject(RedriveLog) private readonly log: RedriveLog,
    @Inject(FailedInvocations) failed: RedriveSource,
    @Inject(UndeliveredNotices) undelivered: RedriveSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.sources = { failed, undelivered };
  }

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /** Gives the redrives back, so that another process need not wait. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.round;
    const own = this.log.all().flatMap((redrive) => {
      const { spec, run } = redrive;
      return run?.process === this.name && isActiveRedrive(redrive) ? [{ id: spec.id, run }] : [];
    });
    for (const { id, run } of own) await this.log.write({ kind: 'run', id, run: { ...run, process: '' } }).catch(() => undefined);
  }

  private schedule(): void {
    if (this.isClosed) return;
    this.timer = this.clock.setTimer(stepMs, () => {
      this.round = this.runAll().finally(() => this.schedule());
    });
  }

  private async runAll(): Promise<void> {
    await Promise.all(
      this.log
        .all()
        .filter(isActiveRedrive)
        .map(async (redrive) => {
          try {
            await this.step(redrive);
          } catch (error) {
            this.logger.warn({ redrive: redrive.spec.id, error: String(error) }, 'A step of a redrive failed and is repeated');
          }
        }),
    );
  }

  private async step(redrive: Redrive): Promise<void> {
    const { spec, run } = redrive;
    if (run?.process !== this.name) return this.claim(redrive);
    const before = run.stop === undefined ? run : resumedRun(run);
    const after = await this.advanced(spec, await this.counted(spec, before));
    const isSame = JSON.stringify({ ...after, at: run.at }) === JSON.stringify(run);
    if (isSame && this.clock.now() - run.at < beatMs) return;
    // Somebody may have canceled it, or another process taken it over, while this step ran.
    const now = this.log.find(spec.project, spec.id);
    if (now?.run?.process !== this.name) return;
    await this.log.write({ kind: 'run', id: spec.id, run: after });
  }

  private async claim({ spec: { id }, run }: Redrive): Promise<void> {
    const isGivenBack = run === undefined || run.process === '';
    if (!isGivenBack && this.log.silentMs(id) < leaseMs) return;
    const now = this.clock.now();
    await this.log.write({ kind: 'run', id, run: { ...(run ?? firstRun('', now)), process: this.name, at: now } });
  }

  /** The run with what has ended since. A count of many invocations is not asked for often. */
  private async counted(spec: RedriveSpec, run: RedriveRun): Promise<RedriveRun> {
    if (run.sent === 0 || this.clock.elapsedMs() < (this.countedNextMs.get(spec.id) ?? 0)) return run;
    const ended = await this.sources[spec.selection.kind].ended(spec);
    this.countedNextMs.set(spec.id, this.clock.elapsedMs() + run.sent / 10);
    return withEnds(run, ended, this.clock.now());
  }

  private async advanced(spec: RedriveSpec, run: RedriveRun): Promise<RedriveRun> {
    const at = this.clock.now();
    const step = nextRedriveStep(spec, run);
    switch (step.kind) {
      case 'wait':
        return { ...run, at };
      case 'stop':
        return { ...run, at, stop: { at, reason: step.reason } };
      case 'end':
        return { ...run, at, endedAt: at };
      case 'send':
        return this.sent(spec, { ...run, at, isCanaryPassed: run.isCanaryPassed || passesCanary(spec, run) }, step.count);
      default:
        return step satisfies never;
    }
  }

  private async sent(spec: RedriveSpec, run: RedriveRun, count: number): Promise<RedriveRun> {
    const { items, next } = await this.sources[spec.selection.kind].page(spec, run.marker, count);
    let after = run;
    for (let at = 0; at < items.length; at += atOnce) {
      const some = items.slice(at, at + atOnce);
      const outcomes = await Promise.allSettled(some.map(async (item) => item.redrive()));
      for (const [index, outcome] of outcomes.entries()) {
        const item = some[index];
        if (outcome.status === 'rejected' || item === undefined) {
          if (after === run && outcome.status === 'rejected') throw outcome.reason as Error;
          return after;
        }
        after = withOutcome(after, item, outcome.value);
      }
    }
    return next === undefined ? { ...after, isExhausted: true } : { ...after, marker: next };
  }
}

function withOutcome(run: RedriveRun, { requestId, marker }: RedriveItem, outcome: Redriven): RedriveRun {
  const after = { ...run, marker, selected: run.selected + 1 };
  if (outcome.kind === 'sent') return { ...after, sent: run.sent + 1, progressAt: run.at };
  const { reason } = outcome;
  return {
    ...after,
    refusals: addRefusal(run.refusals, { refusal: reason }),
    examples: run.examples.length < redriveBounds.examplesMax ? [...run.examples, { requestId, reason }] : run.examples,
  };
}
