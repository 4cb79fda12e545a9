import { Controller, Inject } from '@nestjs/common';
import type { IncomingRecord } from '#contracts';
import { type KafkaRecordContext, OnRecord } from '#kafka/strategy';
import type { Deliveries } from './deliveries.ts';
import { DELIVERIES } from './tokens.ts';

/** Hands records of the topics `settlements` and `notifications` to {@link Deliveries}. */
@Controller()
export class SettlementsController {
  constructor(@Inject(DELIVERIES) private readonly deliveries: Deliveries) {}

  /**
   * Handles the end of an invocation.
   * @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record.
   *   `REGISTRY_BEHIND`: the transport handles the record again.
   */
  @OnRecord('settlements')
  async onSettlement(record: IncomingRecord, { delivery }: KafkaRecordContext): Promise<void> {
    return this.deliveries.onSettlement(record, delivery);
  }

  /** Handles a delivery that is due: a retry, or a published message. @throws as `onSettlement`. */
  @OnRecord('notifications')
  async onNotification(record: IncomingRecord, { delivery }: KafkaRecordContext): Promise<void> {
    return this.deliveries.onNotification(record, delivery);
  }
}
