import { Inject } from '@nestjs/common';
import { bareUrnOf, encodeCancellation, endedStatuses, epochMs, PlatformError, type StatusRecord } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK } from '#platform';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';

/**
 * The outcome of a cancel. `requested`: the cancellation is in Kafka. `ended`: the invocation has
 * ended before. `unknown`: the function has no such invocation.
 */
export type CancelAnswer = 'requested' | 'ended' | 'unknown';

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

/** Cancellations match every version, so the last field of their URN has no meaning. */
const anyVersion = 'latest';

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
   *
   * While records cannot be read, or their store is behind, the cancellation is written unchecked.
   * It names the function, and one that fits no invocation has no effect.
   * @param bareUrn seven fields.
   * @throws PlatformError `BROKER_UNAVAILABLE` if the cancellation was not written.
   */
  async cancel(project: string, bareUrn: string, requestId: string): Promise<CancelAnswer> {
    const answer = await this.stateOf(project, bareUrn, requestId);
    if (answer !== 'living') return answer;
    const cancellation = { requestId, functionUrn: `${bareUrn}:${anyVersion}` };
    await this.kafka.publisher.publish(encodeCancellation(this.kafka.topics.name('cancellations'), cancellation));
    return 'requested';
  }

  private async stateOf(project: string, bareUrn: string, requestId: string): Promise<'living' | 'ended' | 'unknown'> {
    try {
      const found = await this.find(project, bareUrn, requestId);
      if (found.record === undefined) return found.isBehind ? 'living' : 'unknown';
      return endedStatuses.has(found.record.status) ? 'ended' : 'living';
    } catch (error) {
      if (error instanceof PlatformError && error.code === 'STORE_UNAVAILABLE') return 'living';
      throw error;
    }
  }

  /**
   * Finds the record of an invocation of a function. Waits as long for an invocation of another
   * function as for a missing one, so the time does not tell which it is. A store that is behind is
   * not waited for: it may be built anew.
   */
  private async find(
    project: string,
    bareUrn: string,
    requestId: string,
  ): Promise<{ readonly record?: StatusRecord; readonly isBehind: boolean }> {
    const { records, clock } = this;
    const endAt = epochMs(clock.now() + skewMs);
    for (const pauseMs of [0, ...recordPausesMs]) {
      if (pauseMs > 0) await new Promise<void>((resolve) => clock.setTimer(pauseMs, resolve));
      const page = await records.query({ project, requestIds: [requestId], beginAt: epochMs(0), endAt, offset: 0, limit: 1 });
      const [record] = page.records;
      const isBehind = page.isBehind === true;
      if (record !== undefined && bareUrnOf(record.functionUrn) === bareUrn) return { record, isBehind };
      if (isBehind) return { isBehind };
    }
    return { isBehind: false };
  }
}
