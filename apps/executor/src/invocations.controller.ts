import { Controller, Inject } from '@nestjs/common';
import type { IncomingRecord } from '#contracts';
import { type KafkaRecordContext, OnRecord } from '#kafka/strategy';
import type { Attempts } from './attempts.ts';
import { ATTEMPTS } from './tokens.ts';

/**
 * Makes the attempts that records of both lanes ask for. The offset of a record becomes committable
 * when the decision of its attempt is published.
 */
@Controller()
export class InvocationsController {
  constructor(@Inject(ATTEMPTS) private readonly attempts: Attempts) {}

  /**
   * @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record.
   * @throws PlatformError `REGISTRY_BEHIND`: the transport tries the record again.
   * @throws PlatformError `PARTITION_LOST`: the transport drops the record.
   */
  @OnRecord('invocations')
  onExpress(record: IncomingRecord, { delivery }: KafkaRecordContext): Promise<void> {
    return this.attempts.take('express', record, delivery);
  }

  /** As `onExpress`, for functions with a long backlog. */
  @OnRecord('invocations.bulk')
  onBulk(record: IncomingRecord, { delivery }: KafkaRecordContext): Promise<void> {
    return this.attempts.take('bulk', record, delivery);
  }
}
