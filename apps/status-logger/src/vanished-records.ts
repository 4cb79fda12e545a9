/**
 * Ends invocations whose records are gone from their topic: somebody deleted records, or the topic.
 * Nobody will release them from a delay topic, or run them from a lane.
 *
 * V1. Commits and ends of the topics are asked for first. The store then catches up, so it knows
 *     where each invocation was moved to meanwhile.
 * V2. A record may be stored after the first question, beyond the ends that it told. So the ends
 *     are asked for again, and a record counts as lost only if it lies outside both times.
 * V3. A service may still hold a lost record in memory. So an invocation is left alone until ten
 *     minutes after its last sign. The service corrects the end if it holds the record longer.
 * V4. A service commits no offset past a record that it holds. So a record is lost for certain if
 *     it is committed, nothing followed from it, and its partition begins above it. As long as the
 *     partition holds it, an operator can have it read again: the ledger names it.
 * V5. A topic that was created again may hold another record at the offset of a lost one. All its
 *     records are newer, so an invocation that is older than the oldest one is looked at.
 * V6. Each look reads all candidates page by page. Invocations that are not lost hide none.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { partitionName, type RecordPlace } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { type FoldedRecord, vanishedEvents } from '#lifecycle';
import { type Clock, FailureStreak, type Logger, RepeatedWork } from '#platform';
import { finishedRecords, payloadTopicsOf } from './finished-records.ts';
import type { CatchUp } from './records.controller.ts';
import type { Loss, LostRecords } from './lost-records.ts';
import { keptAtEither, type KeptRecords, PlaceFates } from './kept-records.ts';
import type { PartitionSpan, StatusStore } from './status-store.ts';

const checkEveryMs = 60_000;
const catchUpMsMax = 10_000;
const pageRecords = 1_000;
/** Records that are read at once to see if a place still has its record. */
const lookUpRecords = 5_000;
/** The clocks of an ingress and of a broker differ by less. */
const clockDifferenceMs = 60_000;
const payloadTopics = [...new Set([...payloadTopicsOf('executor'), ...payloadTopicsOf('retry-scheduler')])];

/** Looks for invocations whose waiting records are gone, every 60 s. */
export class VanishedRecords {
  private readonly looks: RepeatedWork;
  private readonly failures: FailureStreak;

  /** @param catchUp waits until the store holds what the work topics held at its call. */
  constructor(
    private readonly store: Pick<StatusStore, 'inFlightIn' | 'notOver' | 'progress'>,
    private readonly kafka: Pick<KafkaGateway, 'admin' | 'topics' | 'recordsFrom'>,
    private readonly catchUp: CatchUp,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly lost: Pick<LostRecords, 'end'>,
  ) {
    this.looks = new RepeatedWork(clock, checkEveryMs, async () => this.endVanished());
    this.failures = new FailureStreak(logger, {
      fails: 'could not look for lost records; trying again in 60 s',
      works: 'lost records can be looked for again',
    });
  }

  /** Looks every 60 s until {@link close}. */
  start(): void {
    this.looks.start();
  }

  close(): void {
    this.looks.close();
  }

  /** Looks once. Never rejects: the next look follows in 60 s. */
  async endVanished(): Promise<void> {
    try {
      const committed = await finishedRecords(this.kafka);
      const before = await this.keptNow();
      if (!(await this.catchUp(catchUpMsMax))) return;
      const kept = keptAtEither(before, await this.keptNow());
      const fates = new PlaceFates(kept, committed);
      const [oldest] = await this.store.notOver(Number.MAX_SAFE_INTEGER, 1);
      for (const partition of kept) for (const span of spansOf(partition, fates, oldest)) await this.endIn(span, fates);
      this.failures.worked();
    } catch (error) {
      if (!this.looks.isClosed) this.failures.failed(error);
    }
  }

  /** V6. */
  private async endIn(span: PartitionSpan, fates: PlaceFates): Promise<void> {
    let last: FoldedRecord | undefined;
    do {
      const page = await this.store.inFlightIn(span, pageRecords, last);
      await this.end(await this.lostOf(page, fates), span);
      last = page.length === pageRecords ? page.at(-1) : undefined;
      // A long look stops no other work of the process.
      await nextTurn();
    } while (last !== undefined && !this.looks.isClosed);
  }

  private async lostOf(page: readonly FoldedRecord[], fates: PlaceFates): Promise<readonly Loss[]> {
    const now = this.clock.now();
    const eventsOf = (record: FoldedRecord) => vanishedEvents(record, (place) => fates.of(place), now);
    const found = page.filter((record) => eventsOf(record).length > 0);
    await this.lookUp(
      found.flatMap(({ places }) => places.filter((place) => fates.isDoubtful(place))),
      fates,
    );
    return found.map((record) => ({ record, events: eventsOf(record) })).filter(({ events }) => events.length > 0);
  }

  /** V5. Tells `fates` which of these places have their record. */
  private async lookUp(doubtful: readonly RecordPlace[], fates: PlaceFates): Promise<void> {
    for (const places of Map.groupBy(doubtful, partitionName).values()) {
      const times = new Map<number, number>();
      let readTo = -1;
      for (const place of places.toSorted((one, other) => one.offset - other.offset)) {
        if (place.offset > readTo) {
          const { topic, partition, offset } = place;
          const where = { topic: this.kafka.topics.name(topic), partition };
          const records = await this.kafka.recordsFrom(where, BigInt(offset), lookUpRecords);
          times.clear();
          for (const record of records) times.set(Number(record.offset), record.timestamp);
          readTo = Number(records.at(-1)?.offset ?? offset);
        }
        if (times.get(place.offset) === place.at) fates.found(place);
      }
    }
  }

  private async end(losses: readonly Loss[], { topic, partition }: PartitionSpan): Promise<void> {
    if (losses.length === 0) return;
    const invocations = await this.lost.end(losses);
    this.logger.warn(
      { invocations, topic, partition },
      'invocations were lost: their topic does not hold their records any more',
    );
  }

  /** The records that the topics hold. A partition of the store that is gone holds none. */
  private async keptNow(): Promise<readonly KeptRecords[]> {
    const { admin, topics } = this.kafka;
    const progress = await this.store.progress();
    const told = await Promise.all(
      payloadTopics.map(async (topic) => {
        const name = topics.name(topic);
        const [ends, oldest] = await Promise.all([admin.ends(name), admin.oldest(name)]);
        const gone = progress.filter((one) => one.topic === name && !ends.some(({ partition }) => partition === one.partition));
        const all = [...ends, ...gone.map(({ partition }) => ({ partition, start: 0n, end: 0n }))];
        return all.map((one) => {
          const oldestAt = oldest.find(({ partition }) => partition === one.partition)?.at;
          return { topic, ...one, ...(oldestAt === undefined ? {} : { oldestAt }) };
        });
      }),
    );
    return told.flat();
  }
}

/** The offsets of a partition at which an invocation may be lost. */
function spansOf(kept: KeptRecords, fates: PlaceFates, oldest: FoldedRecord | undefined): readonly PartitionSpan[] {
  const { topic, partition, start, end, oldestAt } = kept;
  const acceptedBefore = oldestAt === undefined ? undefined : oldestAt + clockDifferenceMs;
  const isRemade = acceptedBefore !== undefined && oldest !== undefined && oldest.acceptedAt < acceptedBefore;
  return [
    // An executor may hold what it has not committed.
    { topic, partition, start: 0n, end: topic.startsWith('invocations') ? lower(start, fates.finishedTo(kept)) : start },
    { topic, partition, start: end },
    ...(isRemade ? [{ topic, partition, start, end, acceptedBefore }] : []),
  ];
}

function lower(offset: bigint, other: bigint): bigint {
  return other < offset ? other : offset;
}
