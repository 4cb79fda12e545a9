import { Inject } from '@nestjs/common';
import { auditBegun, type AuditEntry, decodeAuditEntry, encodeAuditEntry, type EpochMs, type IncomingRecord } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';

/** A question for acts, newest first. */
export interface AuditQuery {
  readonly project: string;
  readonly by?: string;
  readonly act?: string;
  /** A part of the names of what was changed. */
  readonly object?: string;
  readonly beginAt: EpochMs;
  readonly endAt: EpochMs;
  /** Only acts below this offset. Default: all. */
  readonly below?: bigint;
  readonly limit: number;
}

/** A page of acts. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Every act from this offset on was looked at; absent at the end of the log. */
  readonly below?: bigint;
}

/** Records that are read at once: far below the bytes that a broker answers with. */
const readAtOnce = 500;
/** Records that one page looks at. */
const lookedAtMax = 5_000n;
/** The topic has one partition, so its offsets are the order of the acts. */
const partition = 0;

/** The acts of the installation: the topic `audit` is the log, and is read backwards. */
export class AuditLog {
  constructor(@Inject(KAFKA) private readonly kafka: KafkaGateway) {}

  private get topic(): string {
    return this.kafka.topics.name('audit');
  }

  /** Resolves when the brokers have the act. @throws PlatformError `BROKER_UNAVAILABLE`. */
  async write(entry: AuditEntry): Promise<void> {
    await this.kafka.publisher.publish(encodeAuditEntry(this.topic, entry));
  }

  /** @throws PlatformError `BROKER_UNAVAILABLE`. */
  async read(query: AuditQuery): Promise<AuditPage> {
    const [bounds] = await this.kafka.admin.ends(this.topic);
    if (bounds === undefined) return { entries: [] };
    let below = query.below !== undefined && query.below < bounds.end ? query.below : bounds.end;
    const lowest = below - lookedAtMax;
    const entries: AuditEntry[] = [];
    const ended = await this.endedAfter(below, bounds.end);
    while (below > bounds.start && below > lowest) {
      const from = below - BigInt(readAtOnce) > bounds.start ? below - BigInt(readAtOnce) : bounds.start;
      for (const record of (await this.between(from, below)).toReversed()) {
        // The broker dates these records in their order, so all that are left are older.
        if (record.timestamp < query.beginAt) return { entries };
        below = record.offset;
        const entry = this.matching(query, record, ended);
        if (entry !== undefined) entries.push(entry);
        if (entries.length === query.limit) return { entries, ...(below > bounds.start ? { below } : {}) };
      }
      below = from;
    }
    return { entries, ...(below > bounds.start ? { below } : {}) };
  }

  private async between(from: bigint, to: bigint): Promise<readonly IncomingRecord[]> {
    const records: IncomingRecord[] = [];
    for (let at = from; at < to; ) {
      const some = await this.kafka.recordsFrom({ topic: this.topic, partition }, at, Number(to - at));
      const last = some.at(-1);
      if (last === undefined) break;
      records.push(...some.filter(({ offset }) => offset < to));
      at = last.offset + 1n;
    }
    return records;
  }

  /** Requests that ended soon after an offset. Their acts may have begun before it. */
  private async endedAfter(offset: bigint, end: bigint): Promise<Set<string>> {
    const above = offset + BigInt(readAtOnce);
    const records = await this.between(offset, above < end ? above : end);
    return new Set(
      records
        .map((record) => this.entryIn(record))
        .flatMap((entry) => (entry === undefined || entry.outcome === auditBegun ? [] : [entry.requestId])),
    );
  }

  /** @returns undefined for a record that no ingress wrote: it must not hide the others. */
  private entryIn(record: IncomingRecord): AuditEntry | undefined {
    return this.kafka.topics.readOrSkip(record, decodeAuditEntry);
  }

  /**
   * @param ended the requests of which a later entry holds the outcome. Those of this entry are
   *   added.
   */
  private matching(query: AuditQuery, record: IncomingRecord, ended: Set<string>): AuditEntry | undefined {
    const entry = this.entryIn(record);
    if (entry === undefined) return undefined;
    if (entry.outcome === auditBegun && ended.has(entry.requestId)) return undefined;
    ended.add(entry.requestId);
    const { project, by = entry.by, act = entry.act, object = '', beginAt, endAt } = query;
    const isInWindow = entry.at >= beginAt && entry.at <= endAt;
    const isMeant = entry.project === project && entry.by === by && entry.act === act && entry.object.includes(object);
    return isInWindow && isMeant ? entry : undefined;
  }
}
