/**
 * Idempotency keys: the same key on the same function, within a day, is one invocation, whichever process is asked and whatever died.
 *
 * Who decides: the order of a topic. A request claims its key there and looks at what it reads: the first claim holds, and everybody
 * reads the same order. The holder writes the invocation, then that it was accepted; others wait for that word.
 *
 * 1. Nobody is answered before the invocation is acknowledged by the brokers.
 * 2. A holder that dies before its word is replaced after a while, under the same request id: should the invocation have been written
 *    after all, its copy is the same invocation (I5).
 * 3. Keys are bounded by number; past it the oldest is forgotten before its day is over, and a counter says so (I7).
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  decodeIdempotency,
  encodeIdempotency,
  type EpochMs,
  type IdempotencyEvent,
  type IncomingRecord,
  PlatformError,
  physicalTopic,
} from '#contracts';
import type { KafkaGateway, TopicFollower } from '#kafka';
import { foldClaim, type IdempotencyClaim, isOver, nextIdempotencyStep } from '#lifecycle';
import { type Clock, newRequestId } from '#platform';

/** What a key of a caller is told apart by. */
export interface IdempotentRequest {
  /** Seven fields: versions and aliases share the keys of their function. */
  readonly bareUrn: string;
  readonly key: string;
  readonly payload: Buffer;
}

/** How a request with a key ended: written just now; written before; or the key stands for another payload. */
export type IdempotentAcceptance =
  | { readonly kind: 'written' | 'repeated'; readonly requestId: string }
  | { readonly kind: 'conflict' };

/** What the keys are kept with. */
export interface IdempotencyKeysParts {
  readonly gateway: Pick<KafkaGateway, 'follower' | 'publisher'>;
  readonly clock: Clock;
  readonly topicPrefix: string;
  /** Keys remembered at once. */
  readonly keysMax: number;
  /** How long a claimant may take before it is taken to have died, and the longest wait for its word, in milliseconds. */
  readonly patienceMs: number;
  /** Told of each key that was forgotten before its time. */
  readonly forgot: () => void;
}

/** The keys of all functions, as this process has read them. */
export class IdempotencyKeys {
  private readonly claims = new Map<string, IdempotencyClaim>();
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly follower: TopicFollower;
  private readonly topic: string;

  constructor(private readonly parts: IdempotencyKeysParts) {
    this.topic = physicalTopic(parts.topicPrefix, 'idempotency');
    this.follower = parts.gateway.follower({ topic: this.topic, from: 'earliest' });
  }

  /** Resolves when every key of the last day is known. */
  start(): Promise<void> {
    return this.follower.start((record) => this.apply(record));
  }

  close(): Promise<void> {
    return this.follower.close();
  }

  /** Keys remembered now. */
  get size(): number {
    return this.claims.size;
  }

  /** The invocation that a request with its key has, as far as was read here; undefined where there is none yet. */
  acceptedAs({ bareUrn, key, payload }: IdempotentRequest): string | undefined {
    const claim = this.claims.get(nameOf(bareUrn, key));
    if (claim === undefined || !claim.isAccepted || isOver(claim, this.parts.clock.now())) return undefined;
    return claim.payloadDigest === digestOf(payload) ? claim.requestId : undefined;
  }

  /**
   * Writes the invocation of a request unless one with its key was written.
   * @param write resolves when the invocation is acknowledged under the request id it is given.
   * @throws PlatformError `BROKER_UNAVAILABLE` when the brokers, or whoever holds the key, did not get through in time; what `write` throws.
   */
  async once(
    { bareUrn, key: callersKey, payload }: IdempotentRequest,
    write: (requestId: string) => Promise<void>,
  ): Promise<IdempotentAcceptance> {
    const { clock, patienceMs } = this.parts;
    const key = nameOf(bareUrn, callersKey);
    const request = { payloadDigest: digestOf(payload), claimant: randomUUID() };
    const giveUpAt = clock.now() + 2 * patienceMs;
    for (;;) {
      const step = nextIdempotencyStep(this.claims.get(key), request, clock.now(), patienceMs);
      switch (step.kind) {
        case 'conflict':
          return { kind: 'conflict' };
        case 'repeat':
          return { kind: 'repeated', requestId: step.requestId };
        case 'accept':
          await write(step.requestId);
          await this.publish(key, { kind: 'accepted', requestId: step.requestId, at: clock.now() });
          return { kind: 'written', requestId: step.requestId };
        case 'claim':
        case 'wait': {
          const changed = this.change(key, Math.min(patienceMs, giveUpAt - clock.now()));
          if (step.kind === 'claim') {
            const inPlaceOf = step.inPlaceOf === undefined ? {} : { inPlaceOf: step.inPlaceOf };
            const now = clock.now();
            await this.publish(key, { kind: 'claimed', requestId: newRequestId(now), ...request, ...inPlaceOf, at: now });
          }
          await changed;
          if (clock.now() >= giveUpAt)
            throw new PlatformError('BROKER_UNAVAILABLE', {
              details: { reason: 'no word of the invocation with this idempotency key' },
            });
          break;
        }
        default:
          step satisfies never;
      }
    }
  }

  private publish(key: string, event: IdempotencyEvent): Promise<void> {
    return this.parts.gateway.publisher.publish(encodeIdempotency(this.topic, key, event));
  }

  /** Resolves when a record of the key was read, or when the time is over. */
  private async change(key: string, waitMs: number): Promise<void> {
    const listeners = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, listeners);
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        listeners.delete(end);
        if (listeners.size === 0) this.waiting.delete(key);
        resolve();
      };
      const timer = this.parts.clock.setTimer(waitMs, end);
      listeners.add(end);
    });
  }

  private apply(record: IncomingRecord): void {
    const { key, event } = decodeIdempotency(record);
    const claim = foldClaim(this.claims.get(key), event);
    if (claim !== undefined) this.remember(key, claim);
    for (const listener of this.waiting.get(key) ?? []) listener();
  }

  private remember(key: string, claim: IdempotencyClaim): void {
    if (this.claims.get(key)?.firstAt !== claim.firstAt) {
      this.claims.delete(key);
      this.forgetOld(this.parts.clock.now());
    }
    this.claims.set(key, claim);
  }

  /** The map keeps the order of first claims, so the oldest stand in front. */
  private forgetOld(now: EpochMs): void {
    for (const [key, claim] of this.claims) {
      const hasTime = !isOver(claim, now);
      if (hasTime && this.claims.size < this.parts.keysMax) return;
      this.claims.delete(key);
      if (hasTime) this.parts.forgot();
    }
  }
}

/** What a key is remembered under. */
function nameOf(bareUrn: string, callersKey: string): string {
  return digestOf(`${bareUrn} ${callersKey}`);
}

function digestOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('base64url');
}
