import { bareUrnOf, type Invocation, limits } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import { targetFor } from '#lifecycle';
import type { PayloadStore } from '#objects';
import type { CancelSignal, Logger, Places } from '#platform';

/** Largest return value of an attempt, in bytes: that of a synchronous call. */
const responseBytesLimit = limits.syncBytesMax;

/** Parts of {@link StoredPayloads}. */
export interface StoredPayloadsParts {
  readonly store: Pick<PayloadStore, 'get' | 'put'>;
  /** Attempts with a payload from the store at once. */
  readonly places: Places;
  /** Of one payload. */
  readonly bytesMax: number;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Payloads and return values that are too large for a record. */
export class StoredPayloads {
  constructor(private readonly parts: StoredPayloadsParts) {}

  /**
   * Runs a function with its event, also if the event is in the store.
   * @param signal of a cancellation. It ends the wait for a place, and `run` must heed it.
   * @returns `impossible` if the payload is gone; `unavailable` if the store does not answer.
   */
  during(
    { payload, payloadRef, functionUrn }: Invocation,
    run: (payload: Buffer) => Promise<AttemptOutcome>,
    signal?: CancelSignal,
  ): Promise<AttemptOutcome> {
    return payloadRef === undefined ? run(payload) : this.duringRead({ payloadRef, functionUrn }, run, signal);
  }

  private async duringRead(
    { payloadRef, functionUrn }: { readonly payloadRef: string; readonly functionUrn: string },
    run: (payload: Buffer) => Promise<AttemptOutcome>,
    signal: CancelSignal | undefined,
  ): Promise<AttemptOutcome> {
    const { store, places } = this.parts;
    const readAndRun = async (): Promise<AttemptOutcome> => {
      let found: Awaited<ReturnType<PayloadStore['get']>>;
      try {
        found = await store.get(bareUrnOf(functionUrn), payloadRef);
      } catch (error) {
        return { kind: 'unavailable', reason: `the stored payload could not be read: ${(error as Error).message}` };
      }
      if (found === undefined)
        return { kind: 'impossible', reason: 'the stored payload is gone: it was removed before the attempt' };
      return run(found.bytes);
    };
    try {
      return await places.within(readAndRun, signal);
    } catch (error) {
      if (signal?.aborted === true) return { kind: 'cancelled' };
      throw error;
    }
  }

  /** The largest return value of an invocation: more than a record holds if a target gets it. */
  responseBytesMaxOf(invocation: Invocation): number {
    const hasTarget = targetFor({ condition: '', invocation }) !== undefined;
    return hasTarget ? Math.min(this.parts.bytesMax, responseBytesLimit) : limits.responseBytesMax;
  }

  /** True for a return value that is too large for a record. */
  isToBeKept(outcome: AttemptOutcome): outcome is Extract<AttemptOutcome, { kind: 'succeeded' }> {
    return outcome.kind === 'succeeded' && outcome.responsePayload.length > limits.responseBytesMax;
  }

  /**
   * Stores a return value that is too large for a record. If the store fails, the value is left out
   * and the invocation still succeeds.
   * @returns the reference; undefined if nothing was stored.
   */
  async keep({ functionUrn, requestId }: Invocation, outcome: AttemptOutcome): Promise<string | undefined> {
    if (!this.isToBeKept(outcome)) return undefined;
    try {
      const { reference } = await this.parts.store.put(bareUrnOf(functionUrn), outcome.responsePayload);
      return reference;
    } catch (error) {
      this.parts.logger.warn({ err: error, requestId }, 'a large return value could not be stored, and is left out');
      return undefined;
    }
  }
}
