import pino from 'pino';
import type { PayloadStore } from '#objects';
import { Places } from '#platform';
import { builtAt } from '#testing';
import { StoredPayloads } from '../src/stored-payloads.ts';

/** A store of payloads in memory. It fails while `failure` is set. */
export class MemoryPayloads implements Pick<PayloadStore, 'get' | 'put'> {
  readonly payloads = new Map<string, Buffer>();
  failure: Error | undefined;

  async put(owner: string, bytes: Buffer) {
    if (this.failure !== undefined) throw this.failure;
    const reference = String(this.payloads.size);
    this.payloads.set(`${owner} ${reference}`, bytes);
    return { reference, sha256: '', storedAt: builtAt };
  }

  async get(owner: string, reference: string) {
    if (this.failure !== undefined) throw this.failure;
    const bytes = this.payloads.get(`${owner} ${reference}`);
    return bytes === undefined ? undefined : { bytes, storedAt: builtAt };
  }
}

/** Stored payloads of an executor, over a store in memory. */
export function storedIn(store: MemoryPayloads, atOnceMax = 2): StoredPayloads {
  return new StoredPayloads({
    store,
    places: new Places(atOnceMax),
    bytesMax: 16_777_216,
    logger: pino({ level: 'silent' }),
  });
}

/** For tests whose payloads are in records. */
export const inRecords: StoredPayloads = storedIn(new MemoryPayloads());
