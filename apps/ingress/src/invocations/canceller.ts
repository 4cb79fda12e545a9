import { Inject } from '@nestjs/common';
import { bareUrnOf, encodeCancellation, epochMs, type Status, type StatusRecord } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK } from '#platform';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';

/**
 * The outcome of a cancel. `requested`: the cancellation is in Kafka. `ended`: the invocation has
 * ended before. `unknown`: the function has no such invocation.
 */
export type CancelAnswer = 'requested' | 'ended' | 'unknown';

const endedStatuses: ReadonlySet<Status> = new Set(['SUCCESS', 'FAIL', 'DISCARD']);

/**
 * Waits between reads of the record, in milliseconds. The status store has it a moment after the
 * 202, and a client may cancel sooner.
 */
const recordPausesMs = [50, 100, 200, 400, 800, 1_600];

/**
 * The largest difference between the clocks of two machines, in milliseconds: a record may seem to
 * be from the future.
 */
const skewMs = 86_400_000;

/** Cancels invocations: reads the record, then writes once. */
export class Canceller {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Cancels an invocation of any version of a function. Resolves once the brokers have
   * acknowledged; a running attempt ends a moment later.
   * @param bareUrn seven fields.
   * @throws PlatformError `STORE_UNAVAILABLE` if the record cannot be read; `BROKER_UNAVAILABLE` if
   *   the cancellation was not written.
   */
  async cancel(project: string, bareUrn: string, requestId: string): Promise<CancelAnswer> {
    const record = await this.find(project, requestId);
    if (record === undefined || bareUrnOf(record.functionUrn) !== bareUrn) return 'unknown';
    if (endedStatuses.has(record.status)) return 'ended';
    await this.kafka.publisher.publish(encodeCancellation(this.kafka.topics.name('cancellations'), record));
    return 'requested';
  }

  private async find(project: string, requestId: string): Promise<StatusRecord | undefined> {
    const { records, clock } = this;
    const endAt = epochMs(clock.now() + skewMs);
    for (const pauseMs of [0, ...recordPausesMs]) {
      if (pauseMs > 0) await new Promise<void>((resolve) => clock.setTimer(pauseMs, resolve));
      const page = await records.query({ project, requestIds: [requestId], beginAt: epochMs(0), endAt, offset: 0, limit: 1 });
      const [record] = page.records;
      if (record !== undefined) return record;
    }
    return undefined;
  }
}
