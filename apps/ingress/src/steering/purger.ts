import { Inject } from '@nestjs/common';
import { encodePurge, epochMs, type EpochMs, limits, type Purge, retryPolicy, type Status } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';

/** URNs that one question for records may name. */
const urnsMax = 10;
/** No invocation waits longer: the longest delay, then the longest validity period. */
const waitMsMax = (limits.delaySecondsMax + retryPolicy.eventAgeSecondsMax) * 1_000;

/** The versions of a function, and the time until which its invocations are meant. */
export interface PurgedFunction {
  readonly project: string;
  /** URNs of eight fields. */
  readonly versions: readonly string[];
  readonly acceptedUntil: EpochMs;
}

/** Counts the invocations of a function that wait, and purges them. */
export class Purger {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
  ) {}

  /**
   * Counts the invocations with a status, as the records show them.
   * @throws PlatformError `STORE_UNAVAILABLE` if records cannot be asked for.
   */
  async count({ project, versions, acceptedUntil }: PurgedFunction, status: Status): Promise<number> {
    let count = 0;
    for (let at = 0; at < versions.length; at += urnsMax) {
      const page = await this.records.query({
        project,
        functionUrns: versions.slice(at, at + urnsMax),
        statuses: [status],
        beginAt: epochMs(Math.max(0, acceptedUntil - waitMsMax)),
        endAt: acceptedUntil,
        offset: 0,
        limit: 1,
      });
      count += page.count;
    }
    return count;
  }

  /**
   * Writes the mark that ends the waiting invocations of a function.
   * @throws PlatformError `BROKER_UNAVAILABLE` if the mark was not written.
   */
  async purge(purge: Purge): Promise<void> {
    await this.kafka.publisher.publish(encodePurge(this.kafka.topics.name('cancellations'), purge));
  }
}
