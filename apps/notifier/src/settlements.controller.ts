import { Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { IncomingRecord } from '#contracts';
import { OnRecord, RecordController } from '#kafka';
import type { Deliveries } from './deliveries.ts';
import { DELIVERIES } from './tokens.ts';

/** Brings settlements, and notifications that waited or were published, to their deliveries. */
@RecordController()
export class SettlementsController {
  constructor(@Inject(DELIVERIES) private readonly deliveries: Deliveries) {}

  /** @throws PlatformError `CONTRACT_VIOLATED`: rejected; `BROKER_UNAVAILABLE`: tried again. */
  @OnRecord('settlements')
  async onSettlement(@Payload() record: IncomingRecord): Promise<void> {
    return this.deliveries.onSettlement(record);
  }

  /** As `onSettlement`, for a delivery that is tried again, and for what was published. */
  @OnRecord('notifications')
  async onNotification(@Payload() record: IncomingRecord): Promise<void> {
    return this.deliveries.onNotification(record);
  }
}
