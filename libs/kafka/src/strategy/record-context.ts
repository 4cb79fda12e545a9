import { BaseRpcContext } from '@nestjs/microservices';
import type { IncomingRecord } from '#contracts';

/** The context of a record, for handlers. */
export class KafkaRecordContext extends BaseRpcContext<[record: IncomingRecord, signal: AbortSignal]> {
  /** The record, the same as the payload. */
  get record(): IncomingRecord {
    return this.getArgByIndex(0) as IncomingRecord;
  }

  /** Aborts when the partition is lost, or when the consumer closes without waiting any longer. */
  get signal(): AbortSignal {
    return this.getArgByIndex(1) as AbortSignal;
  }
}
