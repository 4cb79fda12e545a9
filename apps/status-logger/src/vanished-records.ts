/**
 * Ends invocations whose records are gone from their topic: somebody deleted records, or the topic.
 * Nobody will release them from a delay topic, or run them from a lane.
 *
 * V1. Commits and ends of the topics are asked for first. The store then catches up, so it knows
 *     where each invocation was moved to meanwhile.
 * V2. A record may be stored after the first question, beyond the ends that it told. So the ends
 *     are asked for again, and a record counts as lost only if it lies outside both times.
 * V3. A retry-scheduler may still hold a lost record in memory, and release it at its due time. So
 *     an invocation is left alone until ten minutes after that.
 * V4. An executor commits no offset past a record that it holds. So a record of a lane is lost for
 *     certain if it is committed, nothing followed from it, and its partition begins above it. As
 *     long as the partition holds it, an operator can have it read again: the ledger names it.
 */
import type { Counter } from 'prom-client';
import { partitionName, type TopicName } from '#contracts';
import type { KafkaGateway } from '#kafka';
import type { FinishedTo } from '#kafka/strategy';
import { droppedEvents, type StatusEvent, vanishedEvents } from '#lifecycle';
import type { Clock, Logger, Timer } from '#platform';
import { finishedRecords, payloadTopicsOf } from './finished-records.ts';
import type { CatchUp } from './records.controller.ts';
import { type KeptRecords, outsideOf } from './kept-records.ts';
import type { StatusStore } from './status-store.ts';

const checkEveryMs = 60_000;
const catchUpMsMax = 10_000;
const recordsMax = 1_000;
const lanes = payloadTopicsOf('executor');
const delayTopics = payloadTopicsOf('retry-scheduler');

/** Looks for invocations whose waiting records are gone, every 60 s. */
export class VanishedRecords {
  private timer: Timer | undefined;
  private isClosed = false;

  /** @param catchUp waits until the store holds what the work topics held at its call. */
  constructor(
    private readonly store: Pick<StatusStore, 'inFlightOutside' | 'inFlightBelow' | 'fold'>,
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
      const committed = await finishedRecords(this.kafka);
      const bounds = await this.boundsOf(delayTopics);
      if (!(await this.catchUp(catchUpMsMax))) return;
      const dropped = await this.dropped(committed);
      await this.end(dropped, 'invocations were lost: lanes do not hold their records any more');
      const vanished = await this.vanished(bounds);
      await this.end(vanished, 'invocations were lost: delay topics do not hold their records any more');
    } catch (error) {
      if (!this.isClosed) this.logger.warn({ error: String(error) }, 'could not look for lost records; trying again in 60 s');
    }
  }

  /** V4. */
  private async dropped(committed: readonly FinishedTo[]): Promise<readonly StatusEvent[]> {
    const starts = new Map((await this.boundsOf(lanes)).map((one) => [partitionName(one), one.start]));
    const startOf = (one: Pick<FinishedTo, 'topic' | 'partition'>) => starts.get(partitionName(one));
    // Thousands that the partitions still hold would fill the answer.
    const gone = committed.map((one) => ({ ...one, finishedTo: lower(one.finishedTo, startOf(one)) }));
    const found = await this.store.inFlightBelow(gone, recordsMax);
    return found.flatMap((record) => droppedEvents(record, startOf, this.clock.now()));
  }

  /** V2, V3. */
  private async vanished(bounds: readonly KeptRecords[]): Promise<readonly StatusEvent[]> {
    const found = await this.store.inFlightOutside(bounds, recordsMax);
    if (found.length === 0) return [];
    const isOutside = outsideOf(await this.boundsOf(delayTopics));
    const now = this.clock.now();
    return found.filter(({ places }) => places.every(isOutside)).flatMap((record) => vanishedEvents(record, now));
  }

  private async end(events: readonly StatusEvent[], message: string): Promise<void> {
    if (events.length === 0) return;
    await this.store.fold(events, async () => undefined);
    this.lost.inc(events.length);
    this.logger.warn({ invocations: events.length }, message);
  }

  /** The records that topics hold. */
  private async boundsOf(names: readonly TopicName[]): Promise<readonly KeptRecords[]> {
    const { admin, topics } = this.kafka;
    const told = await Promise.all(
      names.map(async (topic) => (await admin.ends(topics.name(topic))).map((bounds) => ({ topic, ...bounds }))),
    );
    return told.flat();
  }
}

function lower(offset: bigint, other: bigint = offset): bigint {
  return other < offset ? other : offset;
}
