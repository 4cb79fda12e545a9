import { Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { IncomingRecord } from '#contracts';
import { type KafkaRecordContext, OnRecord, RecordController } from '#kafka';
import type { Attempts } from './attempts.ts';
import { ATTEMPTS } from './tokens.ts';

/**
 * Brings invocations of both lanes to their attempts. The offset becomes committable only when an
 * attempt's decision is written.
 */
@RecordController()
export class InvocationsController {
  constructor(@Inject(ATTEMPTS) private readonly attempts: Attempts) {}

  /**
   * @throws PlatformError `CONTRACT_VIOLATED`: rejected; `BROKER_UNAVAILABLE`, `REGISTRY_BEHIND`:
   *   tried again; `PARTITION_LOST`: left.
   */
  @OnRecord('invocations')
  async onExpress(@Payload() record: IncomingRecord, @Ctx() { signal }: KafkaRecordContext): Promise<void> {
    return this.attempts.take('express', record, signal);
  }

  /** As `onExpress`, for the lane of floods. */
  @OnRecord('invocations.bulk')
  async onBulk(@Payload() record: IncomingRecord, @Ctx() { signal }: KafkaRecordContext): Promise<void> {
    return this.attempts.take('bulk', record, signal);
  }
}
