/**
 * Gives up deliveries that no notifier will finish: somebody deleted records, or a topic, or moved
 * the offsets of a group forward. The store keeps no place of a delivery. So this finds a time
 * before which nothing is left.
 *
 * N1. A delivery waits in `settlements` for its first try, and in a delay topic for the next one.
 *     When that is due, the retry-scheduler moves it to `notifications`.
 * N2. A record leaves a delay topic after its dwell, and is not due before. So a delay topic holds
 *     no delivery that was due before an instant, if all records are finished that it got a dwell
 *     before that.
 * N3. From then on such a delivery is in `settlements` or `notifications`, or it is lost. A later
 *     look finds that the notifiers have finished all that these two got until then. The store has
 *     read by then what followed from it.
 * N4. A service may still hold a lost record in memory. So a delivery is left alone until ten
 *     minutes after its due time. The service corrects the end if it holds the record longer.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { dwells, type EpochMs, epochMs, partitionName, type Service, type TopicName } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { type FoldedRecord, lostDeliveryEvents } from '#lifecycle';
import { type Clock, FailureStreak, type Logger, RepeatedWork } from '#platform';
import { committedBy, payloadTopicsOf } from './finished-records.ts';
import type { Loss, LostRecords } from './lost-records.ts';
import type { CatchUp } from './records.controller.ts';
import type { StatusStore } from './status-store.ts';

const checkEveryMs = 120_000;
const catchUpMsMax = 10_000;
const pageRecords = 1_000;
/** Lost deliveries that one line of the log names. */
const namedMax = 20;
/** The clocks of a service and of a broker differ by less. */
const clockDifferenceMs = 60_000;
const delayTopics = payloadTopicsOf('retry-scheduler');
const noticeTopics: readonly TopicName[] = ['settlements', 'notifications'];

/** Looks for deliveries whose records are gone, every 2 min. */
export class LostNotices {
  private readonly looks: RepeatedWork;
  private readonly failures: FailureStreak;
  /** At `at` no delay topic held a delivery that was due before `dueBefore`; N2. */
  private released: { readonly dueBefore: EpochMs; readonly at: EpochMs } | undefined;

  /** @param catchUp waits until the store holds what the work topics held at its call. */
  constructor(
    private readonly store: Pick<StatusStore, 'notOver' | 'grandTotal'>,
    private readonly kafka: Pick<KafkaGateway, 'admin' | 'topics'>,
    private readonly catchUp: CatchUp,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly lost: Pick<LostRecords, 'end'>,
  ) {
    this.looks = new RepeatedWork(clock, checkEveryMs, async () => this.endLost());
    this.failures = new FailureStreak(logger, {
      fails: 'could not look for lost deliveries; trying again in 2 min',
      works: 'lost deliveries can be looked for again',
    });
  }

  /** Looks every 2 min until {@link close}. */
  start(): void {
    this.looks.start();
  }

  close(): void {
    this.looks.close();
  }

  /** Looks once. Every second look ends deliveries. Never rejects: the next one follows. */
  async endLost(): Promise<void> {
    try {
      await this.look();
      this.failures.worked();
    } catch (error) {
      if (!this.looks.isClosed) this.failures.failed(error);
    }
  }

  private async look(): Promise<void> {
    const now = this.clock.now();
    if (this.released === undefined) {
      const dueBefore = epochMs(now - clockDifferenceMs);
      if (await this.areReleased(dueBefore)) this.released = { dueBefore, at: epochMs(now + clockDifferenceMs) };
      return;
    }
    const { dueBefore, at } = this.released;
    if (!(await this.areFinished('notifier', noticeTopics, () => at)) || !(await this.catchUp(catchUpMsMax))) return;
    this.released = undefined;
    await this.endDueBefore(dueBefore);
  }

  /** N2. */
  private async areReleased(dueBefore: EpochMs): Promise<boolean> {
    const dwellOf = (topic: TopicName) => dwells.find(({ name }) => topic === `delays.${name}`)?.dwellMs ?? 0;
    return this.areFinished('retry-scheduler', delayTopics, (topic) => dueBefore - dwellOf(topic));
  }

  /** True if a service has finished the records that each topic got before an instant. */
  private async areFinished(
    service: Service,
    names: readonly TopicName[],
    before: (topic: TopicName) => number,
  ): Promise<boolean> {
    const committed = await committedBy(service, names, this.kafka);
    const finishedTo = new Map(committed.map((one) => [partitionName(one), one.finishedTo]));
    const { admin, topics } = this.kafka;
    const finished = await Promise.all(
      names.map(async (topic) => {
        const offsets = await admin.offsetsAt(topics.name(topic), before(topic));
        return offsets.every(({ partition, offset }) => (finishedTo.get(partitionName({ topic, partition })) ?? 0n) >= offset);
      }),
    );
    return finished.every(Boolean);
  }

  private async endDueBefore(dueBefore: EpochMs): Promise<void> {
    // Without pending deliveries there is no need to read all invocations that have not ended.
    if ((await this.store.grandTotal()).notices_pending === 0) return;
    let last: FoldedRecord | undefined;
    do {
      const page = await this.store.notOver(dueBefore, pageRecords, last);
      const now = this.clock.now();
      const losses = page.map((record) => ({ record, events: lostDeliveryEvents(record, dueBefore, now) }));
      await this.end(losses.filter(({ events }) => events.length > 0));
      last = page.length === pageRecords ? page.at(-1) : undefined;
      // A long look stops no other work of the process.
      await nextTurn();
    } while (last !== undefined && !this.looks.isClosed);
  }

  private async end(losses: readonly Loss[]): Promise<void> {
    if (losses.length === 0) return;
    const deliveries = await this.lost.end(losses);
    const named = losses.flatMap(({ events }) =>
      events.flatMap((event) => (event.kind === 'delivery' ? [`${event.requestId} ${event.delivery.deliveryId}`] : [])),
    );
    this.logger.warn(
      { deliveries, lost: named.slice(0, namedMax) },
      'deliveries were lost: no notifier will finish their records',
    );
  }
}
