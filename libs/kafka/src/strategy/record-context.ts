import { BaseRpcContext } from '@nestjs/microservices';
import type { IncomingRecord } from '#contracts';
import type { RecordDelivery } from '../ports.ts';

/** The context of a record, for handlers. */
export class KafkaRecordContext extends BaseRpcContext<[record: IncomingRecord, signal: AbortSignal, delivery: RecordDelivery]> {
  /** The record, the same as the payload. */
  get record(): IncomingRecord {
    return this.getArgByIndex(0) as IncomingRecord;
  }

  /** Aborts when the partition is lost, or when the consumer closes without waiting any longer. */
  get signal(): AbortSignal {
    return this.getArgByIndex(1) as AbortSignal;
  }

  /** How the record came. */
  get delivery(): RecordDelivery {
    return this.getArgByIndex(2) as RecordDelivery;
  }
}
