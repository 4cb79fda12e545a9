import { bareUrnOf, epochMs, limits, retryPolicy } from '#contracts';
import type { PayloadStore, StoredPayload } from '#objects';
import { type Clock, type Logger, Places, RepeatedWork, RetentionClock } from '#platform';
import { ApiError } from '../http/api-error.ts';

/** How long an uploaded payload may be used for an invocation, in milliseconds. */
export const payloadUsableMs = 86_400_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const sweepEveryMs = hourMs;
/** Longest life of an invocation: its delay, its validity period, and a day for notifications. */
const livesMsMax = limits.delaySecondsMax * 1_000 + retryPolicy.eventAgeSecondsMax * 1_000 + dayMs;
/**
 * Fewest hours for which payloads must be kept. With fewer an invocation that was accepted at the
 * last moment, with the longest delay, could lose its payload.
 */
export const storedPayloadsHoursMin = (payloadUsableMs + livesMsMax) / hourMs;
/** Payloads in memory at once, besides those that arrive: they are read whole. */
const readAtOnceMax = 4;

/** Parts of {@link LargePayloads}. */
export interface LargePayloadsParts {
  readonly store: Pick<PayloadStore, 'put' | 'get' | 'storedAt' | 'sweep'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** Of one payload. */
  readonly bytesMax: number;
  /** Of all payloads in the store. */
  readonly allBytesMax: number;
  /** From the upload to the removal, in milliseconds. */
  readonly keptMs: number;
}

/** An uploaded payload, as its caller is told. */
export interface UploadedPayload {
  readonly payload_ref: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly usableUntil: number;
}

/**
 * Payloads that are too large for a record. The store is swept at the start and then every hour, so
 * a restart loses no removal. The sweep also tells how full the store is; between two sweeps each
 * ingress adds its own uploads.
 */
export class LargePayloads {
  private readonly reads = new Places(readAtOnceMax);
  private storedBytes = 0;
  private readonly sweeps: RepeatedWork;

  private readonly time: RetentionClock;

  constructor(private readonly parts: LargePayloadsParts) {
    this.time = new RetentionClock(parts.clock);
    this.sweeps = new RepeatedWork(parts.clock, sweepEveryMs, async () => this.sweep());
  }

  /** Begins to sweep. */
  start(): void {
    void this.sweeps.startNow();
  }

  close(): void {
    this.sweeps.close();
  }

  /**
   * Stores a payload.
   * @param owner URN of the function, seven fields.
   * @throws ApiError FSS.0413 for a payload that is too large, FSS.0503 if the store is full.
   * @throws PlatformError `OBJECT_STORE_UNAVAILABLE`.
   */
  async upload(owner: string, bytes: Buffer): Promise<UploadedPayload> {
    const { store, bytesMax, allBytesMax } = this.parts;
    if (bytes.length > bytesMax)
      throw new ApiError('FSS.0413', `a payload may have ${bytesMax} bytes (STORED_PAYLOAD_BYTES_MAX)`);
    if (this.storedBytes + bytes.length > allBytesMax)
      throw new ApiError(
        'FSS.0503',
        `the store of payloads is full (INGRESS_STORED_PAYLOADS_BYTES_MAX: ${allBytesMax}); older ones are removed every hour`,
      );
    this.storedBytes += bytes.length;
    const { reference, sha256, storedAt } = await store.put(owner, bytes).catch((error: unknown) => {
      this.storedBytes -= bytes.length;
      throw error;
    });
    return { payload_ref: reference, bytes: bytes.length, sha256, usableUntil: storedAt + payloadUsableMs };
  }

  /** Reads a payload of a function. @returns undefined if it has none of this reference. */
  async download(owner: string, reference: string): Promise<StoredPayload | undefined> {
    return this.reads.within(async () => this.parts.store.get(owner, reference));
  }

  /** Whether a function still has the payload of a reference. */
  async isKept(owner: string, reference: string): Promise<boolean> {
    return (await this.parts.store.storedAt(owner, reference)) !== undefined;
  }

  /**
   * Why an invocation may not use a payload.
   * @param functionUrn eight fields.
   * @param use `again` if an earlier invocation used it: it may then be older, as long as it stays
   *   for the whole life of the new invocation.
   * @returns undefined if it may.
   */
  async refusal(
    functionUrn: string,
    reference: string,
    use: 'first' | 'again' = 'first',
  ): Promise<'payload-unknown' | 'payload-expired' | undefined> {
    const storedAt = await this.parts.store.storedAt(bareUrnOf(functionUrn), reference);
    if (storedAt === undefined) return 'payload-unknown';
    const usableMs = use === 'first' ? payloadUsableMs : this.parts.keptMs - livesMsMax;
    return this.parts.clock.now() >= storedAt + usableMs ? 'payload-expired' : undefined;
  }

  /**
   * Reads the payload of a synchronous invocation.
   * @param functionUrn eight fields.
   * @returns why the invocation may not use it, as {@link refusal}.
   */
  async read(functionUrn: string, reference: string): Promise<Buffer | 'payload-unknown' | 'payload-expired'> {
    const refusal = await this.refusal(functionUrn, reference);
    if (refusal !== undefined) return refusal;
    return (await this.download(bareUrnOf(functionUrn), reference))?.bytes ?? 'payload-unknown';
  }

  private async sweep(): Promise<void> {
    const { store, keptMs, logger } = this.parts;
    try {
      const { keptBytes, left, error } = await store.sweep(epochMs(this.time.now() - keptMs));
      this.storedBytes = keptBytes;
      if (left > 0) logger.warn({ err: error, payloads: left }, 'old payloads could not be removed; the next sweep tries again');
    } catch (error) {
      logger.warn({ err: error }, 'payloads could not be listed to remove old ones; the next sweep tries again');
    }
  }
}
