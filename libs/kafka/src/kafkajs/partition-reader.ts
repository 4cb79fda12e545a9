/**
 * Reads partitions from the brokers that lead them.
 *
 * One loop runs for each broker that leads a partition to be read, because a broker answers the
 * requests of one connection in turn. Each turn of a loop reads the partitions that its broker
 * leads now. A loop without partitions ends. `run` starts loops for new leaders. It asks for the
 * metadata of the topics at a certain age, after an error, and while a partition has no leader. No
 * loop waits for the metadata.
 *
 * R1. The failure of one broker stops the reading of no partition that another broker leads.
 * R2. Each partition of an answer is judged by its own error code. One that failed rests for a
 *     moment; the records of the others are handed out.
 * R3. An answer counts only if the partition is still read from the offset that was asked for. So a
 *     broker that answers late, after its partitions moved away, hands nothing out twice.
 * R4. An offset counts only in the topic in which it was reached. A topic that was deleted and
 *     created again has another id, and is read from its start. So none of its records is skipped
 *     if it has more of them already. After a sign of a deletion nothing is read before the
 *     metadata has told the id.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import { type FetchedPartition, type FetchedRecords, fetchedRecords } from './fetched-records.ts';
import { errorOf } from './kafka-answers.ts';
import { type ClusterConnection, fetchedBy } from './kafkajs-internals.ts';
import { byTopic, leaderOf, offsetsOf } from './partition-offsets.ts';
import { RecordRate } from './record-rate.ts';
import type { ReadingProgress } from './standstill-watch.ts';
import type { TopicIds } from './topic-ids.ts';

/** First offset of a partition, and the one that its next record gets. */
export interface PartitionBounds {
  readonly start: bigint;
  readonly end: bigint;
}

/** The owner of the partitions. */
export interface ReaderPorts {
  readonly cluster: ClusterConnection;
  /**
   * Takes records, in the order of their offsets. None if the offsets that were read hold none.
   * @param end of the partition at the fetch.
   * @param next the offset that is read next.
   */
  taken(partition: TopicPartition, messages: FetchedRecords['messages'], end: bigint, next: bigint): void;
  /**
   * The brokers do not have the offset that is to be read next.
   * @returns where reading goes on.
   */
  outOfRange(partition: TopicPartition, position: bigint, bounds: PartitionBounds): bigint;
  /**
   * The topic was deleted and created again; reading goes on at its start.
   * @param start of the partition.
   */
  madeAgain(partition: TopicPartition, start: bigint): void;
  /** Ids of the topics in which positions were reached, for this reader and those after it. */
  readonly topicIds: TopicIds;
  /** A request failed, or one partition of it. */
  failed(error: unknown): void;
  /**
   * A fetch was answered, and its records were taken.
   * @param isWhole false while the last answer about any partition was an error.
   */
  answered(isWhole: boolean): void;
  /** The metadata of the topics was read again. */
  refreshed(): void;
}

/** Bounds of one fetch. */
export interface FetchLimits {
  /**
   * While many records come, the broker answers with this many bytes, or after `waitMs`. Otherwise
   * it answers with the first record.
   */
  readonly bytesMin: number;
  /** In milliseconds. */
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  /** Age at which the metadata of the topics is read again, in milliseconds. */
  readonly metadataAgeMaxMs: number;
}

/** A partition that is read, and how far. */
interface Cursor extends TopicPartition {
  position: bigint;
  isPaused: boolean;
  /** The last answer about it was an error. */
  hasFailed: boolean;
  /** It is not read before this time. */
  restsUntil: number;
  /** R4. Its topic may have been deleted: it is not read before the metadata was read again. */
  isDoubtful: boolean;
  /** When it was last read on, or found to be read to its end. Undefined: not yet. */
  progressAt: number | undefined;
}

interface Asked {
  readonly cursor: Cursor;
  readonly position: bigint;
}

/** Below so many records a second each of them is read at once. Above, full fetches cost less. */
const recordsPerSecondBusy = 50;
const rateWindowMs = 200;
/**
 * How long a broker holds a fetch while no records come, in milliseconds. Partitions that are added
 * meanwhile wait for its answer. Each answer wakes this process and four threads of the broker.
 */
const idleWaitMs = 300;
/**
 * How long a broker holds a fetch while partitions of a busy reader are paused, in milliseconds.
 * They are soon resumed, and then wait for its answer.
 */
const pausedWaitMs = 20;
/** How long single records are read at once after somebody waited for one. */
const atOnceMs = 1_000;
const againMinMs = 100;
const againMaxMs = 1_000;
/** Longest wait of `run` without looking for something to do, in milliseconds. */
const idleMaxMs = 60_000;

/** Errors of a partition after which another broker leads it, or soon will. */
const movedErrors: ReadonlySet<string | undefined> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);

function againMs(failures: number): number {
  return Math.min(againMaxMs, againMinMs * 2 ** failures);
}

/** Reads the partitions that it is given. */
export class PartitionReader {
  private readonly cursors = new Map<string, Cursor>();
  private readonly loops = new Map<number, Promise<void>>();
  private refreshing: Promise<void> | undefined;
  /** When the metadata was last asked for. */
  private askedAt = performance.now();
  /** The metadata did not say where a partition is. */
  private isStale = false;
  /** Questions for stale metadata in a row. */
  private staleQuestions = 0;
  private wakeUp: () => void = () => undefined;
  private atOnceUntil = 0;
  private readonly rate = new RecordRate(rateWindowMs, performance.now());

  constructor(
    private readonly ports: ReaderPorts,
    private readonly limits: FetchLimits,
  ) {}

  /**
   * Reads a partition from an offset on. It is not paused.
   * @param isContinued true if the offset was reached by reading, with these connections or others.
   */
  read(partition: TopicPartition, position: bigint, isContinued = false): void {
    const { topic, partition: number } = partition;
    const { topicIds, cluster } = this.ports;
    if (!isContinued) topicIds.forget(partition);
    const isDoubtful = topicIds.newId(cluster, partition) !== undefined;
    this.isStale ||= isDoubtful;
    this.cursors.set(partitionName(partition), {
      topic,
      partition: number,
      position,
      isPaused: false,
      hasFailed: false,
      restsUntil: 0,
      isDoubtful,
      progressAt: undefined,
    });
    this.wakeUp();
  }

  /** Reads only these partitions from now on. */
  keepOnly(partitions: readonly TopicPartition[]): void {
    const kept = new Set(partitions.map(partitionName));
    for (const key of this.cursors.keys()) if (!kept.has(key)) this.cursors.delete(key);
  }

  /** Reads a partition no more, and drops what is fetched for it just now. */
  forget(partition: TopicPartition): void {
    this.cursors.delete(partitionName(partition));
  }

  /** Pauses or resumes the reading of a partition. */
  setPaused(partition: TopicPartition, isPaused: boolean): void {
    const cursor = this.cursors.get(partitionName(partition));
    if (cursor === undefined || cursor.isPaused === isPaused) return;
    cursor.isPaused = isPaused;
    if (!isPaused) this.wakeUp();
  }

  /** Reads single records at once for a while, however many come. */
  readAtOnce(): void {
    this.atOnceUntil = performance.now() + atOnceMs;
  }

  /** The offset that is read next; undefined if the partition is not read. */
  position(partition: TopicPartition): bigint | undefined {
    return this.cursors.get(partitionName(partition))?.position;
  }

  /** How far each partition is. */
  progress(): readonly ReadingProgress[] {
    return [...this.cursors.values()];
  }

  /** Reads until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wakeUp(), { once: true });
    while (!signal.aborted) {
      // One look at the clock for all. With two, a pause that ends in between is neither over nor
      // waited for.
      const now = performance.now();
      for (const nodeId of this.leaders(now)) if (!this.loops.has(nodeId)) this.startLoop(nodeId, signal);
      if (now >= this.refreshDueAt) this.startRefresh();
      await this.idle(now, signal);
    }
    await Promise.allSettled(this.loops.values());
  }

  /** Reads the metadata of the topics again in a moment. */
  refreshSoon(): void {
    this.isStale = true;
    this.wakeUp();
  }

  private startLoop(nodeId: number, signal: AbortSignal): void {
    const loop = this.readFrom(nodeId, signal).finally(() => {
      this.loops.delete(nodeId);
      this.wakeUp();
    });
    this.loops.set(nodeId, loop);
  }

  /** Stale metadata is read at once, then after pauses that double. */
  private get refreshDueAt(): number {
    if (this.refreshing !== undefined) return Infinity;
    if (!this.isStale) return this.askedAt + this.limits.metadataAgeMaxMs;
    return this.staleQuestions === 0 ? 0 : this.askedAt + againMs(this.staleQuestions - 1);
  }

  private startRefresh(): void {
    this.askedAt = performance.now();
    this.staleQuestions = this.isStale ? this.staleQuestions + 1 : 0;
    // A fault that is found from here on may be newer than the answer.
    this.isStale = false;
    this.refreshing = this.refresh().finally(() => {
      this.refreshing = undefined;
      this.wakeUp();
    });
  }

  private async refresh(): Promise<void> {
    const doubtful = [...this.cursors.values()].filter(({ isDoubtful }) => isDoubtful);
    try {
      await this.ports.cluster.refreshMetadata();
      for (const cursor of doubtful) cursor.isDoubtful = false;
      for (const cursor of this.cursors.values()) {
        const newId = this.ports.topicIds.newId(this.ports.cluster, cursor);
        if (newId !== undefined) void this.startOver(cursor, newId);
      }
      this.ports.refreshed();
    } catch (error) {
      this.isStale = true;
      this.ports.failed(error);
    }
  }

  /** Waits until there may be a loop to start or metadata to read. */
  private async idle(now: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let wakeAt = Math.min(this.refreshDueAt, now + idleMaxMs);
    for (const { isPaused, restsUntil } of this.cursors.values())
      if (!isPaused && restsUntil > now) wakeAt = Math.min(wakeAt, restsUntil);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, Math.ceil(wakeAt - now)));
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private leaderOf(partition: TopicPartition): number {
    return leaderOf(this.ports.cluster, partition);
  }

  /** Brokers that lead a partition to be read now. */
  private leaders(now: number): ReadonlySet<number> {
    const leaders = new Set<number>();
    for (const cursor of this.cursors.values())
      if (!cursor.isPaused && !cursor.isDoubtful && cursor.restsUntil <= now) leaders.add(this.leaderOf(cursor));
    if (leaders.delete(-1)) this.isStale = true;
    return leaders;
  }

  private async readFrom(nodeId: number, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const asked = this.partitionsOf(nodeId);
      if (asked.size === 0) return;
      try {
        await this.fetch(nodeId, asked);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.ports.failed(error);
        this.refreshSoon();
        await delay(againMs(failures), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private partitionsOf(nodeId: number): ReadonlyMap<string, Asked> {
    const now = performance.now();
    const asked = new Map<string, Asked>();
    for (const [key, cursor] of this.cursors)
      if (!cursor.isPaused && !cursor.isDoubtful && cursor.restsUntil <= now && this.leaderOf(cursor) === nodeId)
        asked.set(key, { cursor, position: cursor.position });
    // The partition that was asked for first is asked for last next time: large ones take turns.
    const first = asked.keys().next().value;
    const cursor = first === undefined ? undefined : this.cursors.get(first);
    if (first !== undefined && cursor !== undefined && this.cursors.delete(first)) this.cursors.set(first, cursor);
    return asked;
  }

  private async fetch(nodeId: number, asked: ReadonlyMap<string, Asked>): Promise<void> {
    const { bytesMax, bytesMin, partitionBytesMax } = this.limits;
    const broker = await this.ports.cluster.findBroker({ nodeId: String(nodeId) });
    const partitions = [...asked.values()].map(({ cursor: { topic, partition }, position }) => ({
      topic,
      partition,
      fetchOffset: String(position),
      maxBytes: partitionBytesMax,
    }));
    const topics = byTopic(partitions);
    const minBytes = this.isBusy && performance.now() >= this.atOnceUntil ? bytesMin : 1;
    const maxWaitTime = this.holdMs;
    const request = { maxWaitTime, minBytes, maxBytes: bytesMax, isolationLevel: 1, topics };
    const { errorCode = 0, responses } = await fetchedBy(broker, request);
    if (errorCode !== 0) throw errorOf(errorCode);
    for (const { topicName: topic, partitions: answers } of responses)
      for (const data of answers) {
        const one = asked.get(partitionName({ topic, partition: data.partition }));
        if (one !== undefined && this.isCurrent(one)) this.take(one.cursor, data);
      }
    this.rate.look(performance.now());
    this.ports.answered([...this.cursors.values()].every(({ hasFailed }) => !hasFailed));
  }

  private get isBusy(): boolean {
    return (this.rate.perSecond ?? 0) > recordsPerSecondBusy;
  }

  /** A paused partition may be resumed at any time, and is then read by the next fetch. */
  private get holdMs(): number {
    const { waitMs } = this.limits;
    if ([...this.cursors.values()].some(({ isPaused }) => isPaused)) return this.isBusy ? Math.min(waitMs, pausedWaitMs) : waitMs;
    return this.rate.perSecond === 0 ? Math.max(waitMs, idleWaitMs) : waitMs;
  }

  /** R3. */
  private isCurrent({ cursor, position }: Asked): boolean {
    const isRead = this.cursors.get(partitionName(cursor)) === cursor && !cursor.isPaused && !cursor.isDoubtful;
    return isRead && cursor.position === position;
  }

  /** R2. */
  private take(cursor: Cursor, data: FetchedPartition): void {
    cursor.hasFailed = data.errorCode !== 0;
    if (cursor.hasFailed) return this.refused(cursor, errorOf(data.errorCode));
    const end = BigInt(data.highWatermark);
    const { messages, next } = fetchedRecords(data, cursor.position);
    const hasGoneOn = next > cursor.position;
    if (hasGoneOn || end <= cursor.position) cursor.progressAt = performance.now();
    cursor.position = next;
    this.rate.count(messages.length);
    if (hasGoneOn) this.ports.taken(cursor, messages, end, next);
  }

  private refused(cursor: Cursor, error: ReturnType<typeof errorOf>): void {
    cursor.restsUntil = performance.now() + againMinMs * 2;
    if (error.type === 'OFFSET_OUT_OF_RANGE') return void this.relocate(cursor);
    if (movedErrors.has(error.type)) this.refreshSoon();
    if (error.type === 'UNKNOWN_TOPIC_OR_PARTITION') cursor.isDoubtful = true;
    this.ports.failed(Object.assign(error, { topic: cursor.topic }));
  }

  /** R4. Without an answer of the brokers the next refresh tries again. */
  private async startOver(cursor: Cursor, topicId: string): Promise<void> {
    const { cluster, failed, topicIds, madeAgain } = this.ports;
    const name = partitionName(cursor);
    cursor.isDoubtful = true;
    const start = (await offsetsOf(cluster, [cursor], 'start', failed)).get(name);
    if (this.cursors.get(name) !== cursor) return;
    if (start === undefined) return this.refreshSoon();
    // A second refresh may have asked beside this one.
    if (!topicIds.moveTo(topicId, cursor)) return;
    cursor.position = start;
    cursor.isDoubtful = false;
    madeAgain(cursor, start);
    this.wakeUp();
  }

  /** R4. Its position may have been reached in another topic, which has more records by now. */
  private async relocate(cursor: Cursor): Promise<void> {
    const asked = { cursor, position: cursor.position };
    const { cluster, failed, topicIds } = this.ports;
    cursor.isDoubtful = true;
    try {
      await cluster.refreshMetadata();
    } catch (error) {
      failed(error);
      return this.refreshSoon();
    }
    const newId = topicIds.newId(cluster, cursor);
    if (newId !== undefined) return this.startOver(cursor, newId);
    const [starts, ends] = await Promise.all([
      offsetsOf(cluster, [cursor], 'start', failed),
      offsetsOf(cluster, [cursor], 'end', failed),
    ]);
    cursor.isDoubtful = false;
    this.wakeUp();
    const [start, end] = [starts.get(partitionName(cursor)), ends.get(partitionName(cursor))];
    if (start === undefined || end === undefined || !this.isCurrent(asked)) return;
    const isThere = start <= asked.position && asked.position <= end;
    if (!isThere) cursor.position = this.ports.outOfRange(cursor, asked.position, { start, end });
  }
}
