/**
 * Keeps payloads that are too large for a record. An object holds a line of JSON, then the payload.
 * The line names the function that owns the payload, and when it was stored.
 *
 * P1. A reference is the SHA-512 of the object. The line has a random number, so nobody can guess a
 *     reference from a payload.
 * P2. Only the function that owns a payload gets it. A reference of another function is unknown.
 * P3. An object never changes, and it is verified against its reference when it is read.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { EpochMs } from '#contracts';
import type { Clock } from '#platform';
import { digestInSlices, isDigest, objectBytesMax, type ObjectStore } from './object-store.ts';
import { ObjectSweep, type Swept } from './object-sweep.ts';

/** Longest line before a payload, in bytes. */
const lineBytesMax = 1_024;

/** The largest payload that the store takes, in bytes. */
export const payloadBytesLimit = objectBytesMax - lineBytesMax;

/** A payload from the store. */
export interface StoredPayload {
  readonly bytes: Buffer;
  readonly storedAt: EpochMs;
}

/** A payload that was stored. */
export interface KeptPayload {
  readonly reference: string;
  /** The SHA-256 of the payload, in hex. */
  readonly sha256: string;
  readonly storedAt: EpochMs;
}

/** True if a text has the form of a reference. */
export function isPayloadReference(text: string): boolean {
  return isDigest(text);
}

interface Line {
  readonly owner: string;
  readonly storedAt: EpochMs;
  /** The index of the line end. */
  readonly end: number;
}

/**
 * Reads the line at the begin of an object.
 * @returns undefined if `put` did not write it: nothing has verified the bytes yet.
 */
function lineOf(object: Buffer): Line | undefined {
  const end = object.subarray(0, lineBytesMax).indexOf('\n');
  if (end === -1) return undefined;
  try {
    const { owner, storedAt } = JSON.parse(object.toString('utf8', 0, end)) as Partial<Line>;
    return typeof owner === 'string' && typeof storedAt === 'number' ? { owner, storedAt, end } : undefined;
  } catch {
    return undefined;
  }
}

/** Stores large payloads of functions. All methods may throw `OBJECT_STORE_UNAVAILABLE`. */
export class PayloadStore {
  private readonly sweeps: ObjectSweep;

  constructor(
    private readonly objects: ObjectStore,
    private readonly clock: Pick<Clock, 'now' | 'elapsedMs'>,
  ) {
    this.sweeps = new ObjectSweep(objects, clock);
  }

  /** Stores a payload. @param owner URN of the function, seven fields. */
  async put(owner: string, bytes: Buffer): Promise<KeptPayload> {
    const storedAt = this.clock.now();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const line = JSON.stringify({ owner, storedAt, bytes: bytes.length, sha256, id: randomUUID() });
    const object = Buffer.concat([Buffer.from(`${line}\n`), bytes]);
    return { reference: await this.objects.put(object, await digestInSlices(object)), sha256, storedAt };
  }

  /**
   * Reads a payload.
   * @returns undefined if the function has no payload of this reference, or not any more.
   */
  async get(owner: string, reference: string): Promise<StoredPayload | undefined> {
    const object = await this.objects.get(reference);
    if (object === undefined) return undefined;
    const line = lineOf(object);
    return line?.owner === owner ? { bytes: object.subarray(line.end + 1), storedAt: line.storedAt } : undefined;
  }

  /**
   * Tells when a payload was stored. It reads the line of the payload only, and does not verify the
   * bytes.
   * @returns undefined if the function has no payload of this reference, or not any more.
   */
  async storedAt(owner: string, reference: string): Promise<EpochMs | undefined> {
    const beginning = await this.objects.beginning(reference, lineBytesMax);
    const line = beginning === undefined ? undefined : lineOf(beginning);
    return line?.owner === owner ? line.storedAt : undefined;
  }

  /** Removes the payloads that were stored before an instant. */
  async sweep(before: EpochMs): Promise<Swept> {
    return this.sweeps.sweep({ before });
  }
}
