import { type OutgoingRecord, PlatformError } from '#contracts';
import type { Publisher, PublisherLoad } from '../ports.ts';
import { recordBytes, recordBytesMaxDefault } from '../record-bytes.ts';
import { type MemoryCluster, nextTurn } from './memory-cluster.ts';

/** Publishes to a {@link MemoryCluster}. */
export class MemoryPublisher implements Publisher {
  private isClosed = false;
  private records = 0;
  private bytes = 0;
  private requests = 0;

  constructor(private readonly cluster: MemoryCluster) {}

  /** Records, bytes and requests that are not finished. */
  get load(): PublisherLoad {
    return { records: this.records, bytes: this.bytes, requests: this.requests };
  }

  async publish(records: OutgoingRecord | readonly OutgoingRecord[]): Promise<void> {
    if (this.isClosed) throw new PlatformError('PUBLISHER_CLOSED');
    const all = Array.isArray(records) ? (records as readonly OutgoingRecord[]) : [records as OutgoingRecord];
    const sizes = all.map((record) => sizeOf(record));
    const load = { records: all.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    this.count(load, 1);
    try {
      await nextTurn();
      if (!this.cluster.isReachable) throw new PlatformError('BROKER_UNAVAILABLE');
      this.cluster.append(all);
      await nextTurn();
    } finally {
      this.count(load, -1);
    }
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  private count({ records, bytes }: { readonly records: number; readonly bytes: number }, sign: 1 | -1): void {
    this.records += sign * records;
    this.bytes += sign * bytes;
    this.requests += sign;
  }
}

/**
 * Returns the bytes of a record.
 * @throws PlatformError `RECORD_TOO_LARGE`.
 */
function sizeOf(record: OutgoingRecord): number {
  const bytes = recordBytes(record);
  const details = { topic: record.topic, bytes, bytesMax: recordBytesMaxDefault };
  if (bytes > recordBytesMaxDefault) throw new PlatformError('RECORD_TOO_LARGE', { details });
  return bytes;
}
