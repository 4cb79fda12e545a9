/**
 * Ends invocations that wait in a delay topic which has lost their records: somebody deleted
 * records of it, or the topic. Nobody will release them.
 *
 * V1. The ends of the topics are asked for first. The store then catches up, so it knows where each
 *     invocation was moved to meanwhile.
 * V2. A record may be stored after the first question, beyond the ends that it told. So the ends
 *     are asked for again, and a record counts as lost only if it lies outside both times.
 * V3. A retry-scheduler may still hold a lost record in memory, and release it at its due time. So
 *     an invocation is left alone until ten minutes after that.
 */
import type { Counter } from 'prom-client';
import { topicsReadBy } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { vanishedEvents } from '#lifecycle';
import type { Clock, Logger, Timer } from '#platform';
import type { CatchUp } from './records.controller.ts';
import { type KeptRecords, outsideOf } from './kept-records.ts';
import type { StatusStore } from './status-store.ts';

const checkEveryMs = 60_000;
const catchUpMsMax = 10_000;
const recordsMax = 1_000;

/** Looks for invocations whose waiting records are gone, every 60 s. */
export class VanishedRecords {
  private timer: Timer | undefined;
  private isClosed = false;

  /** @param catchUp waits until the store holds what the work topics held at its call. */
  constructor(
    private readonly store: Pick<StatusStore, 'inFlightOutside' | 'fold'>,
    private readonly kafka: Pick<KafkaGateway, 'admin' | 'topics'>,
    private readonly catchUp: CatchUp,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly lost: Pick<Counter, 'inc'>,
  ) {}

  /** Looks every 60 s until {@link close}. */
  start(): void {
    if (this.isClosed) return;
    this.timer = this.clock.setTimer(checkEveryMs, () => void this.endVanished().finally(() => this.start()));
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  /** Looks once. Never rejects: the next look follows in 60 s. */
  async endVanished(): Promise<void> {
    try {
      const bounds = await this.bounds();
      if (!(await this.catchUp(catchUpMsMax))) return;
      const found = await this.store.inFlightOutside(bounds, recordsMax);
      if (found.length === 0) return;
      const isOutside = outsideOf(await this.bounds());
      const now = this.clock.now();
      const events = found.filter(({ places }) => places.every(isOutside)).flatMap((record) => vanishedEvents(record, now));
      if (events.length === 0) return;
      await this.store.fold(events, async () => undefined);
      this.lost.inc(events.length);
      this.logger.warn({ invocations: events.length }, 'invocations were lost: delay topics do not hold their records any more');
    } catch (error) {
      if (!this.isClosed) this.logger.warn({ error: String(error) }, 'could not look for lost records; trying again in 60 s');
    }
  }

  /** The records that delay topics hold. */
  private async bounds(): Promise<readonly KeptRecords[]> {
    const { admin, topics } = this.kafka;
    const delays = topicsReadBy('retry-scheduler').filter((name) => name.startsWith('delays.'));
    const told = await Promise.all(
      delays.map(async (topic) => (await admin.ends(topics.name(topic))).map((bounds) => ({ topic, ...bounds }))),
    );
    return told.flat();
  }
}
