import { BaseRpcContext } from '@nestjs/microservices';
import type { IncomingRecord } from '#contracts';

/** What a handler is told beside its record. */
export class KafkaRecordContext extends BaseRpcContext<[record: IncomingRecord, signal: AbortSignal]> {
  /** The record itself, as in the payload. */
  get record(): IncomingRecord {
    return this.getArgByIndex(0) as IncomingRecord;
  }

  /** Aborts when the partition is lost, or when the consumer closes and waits no longer. */
  get signal(): AbortSignal {
    return this.getArgByIndex(1) as AbortSignal;
  }
}
