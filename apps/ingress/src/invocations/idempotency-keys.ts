/**
 * Idempotency keys: within a day, requests with the same key for the same function are one
 * invocation. This holds across processes and restarts.
 *
 * The order of a topic decides. A request writes a claim of its key to the topic and reads the
 * topic. The first claim wins, and every process reads the same order. The winner publishes the
 * invocation, then the record that it was accepted. Other requests wait for that record.
 *
 * 1. No request is answered before the brokers have acknowledged the invocation.
 * 2. If a winner dies before its second record, another request takes over after a timeout, under
 *    the same request id. If the invocation had been written after all, the copy is the same
 *    invocation (I5).
 * 3. The number of keys is bounded. Beyond the bound the function with the most keys loses its
 *    oldest one before the day is over, and a counter counts it (I7). So a caller that floods one
 *    function evicts no key of another.
 * 4. A key belongs to the function that has the name, not to the name. A function that is made anew
 *    under the name of a removed one has no keys.
 */
import { hash, randomUUID } from 'node:crypto';
import {
  decodeIdempotency,
  encodeIdempotency,
  type EpochMs,
  type FunctionDocument,
  type IdempotencyEvent,
  type IncomingRecord,
  PlatformError,
} from '#contracts';
import type { KafkaGateway, TopicFollower } from '#kafka';
import { foldClaim, type IdempotencyClaim, isOver, nextIdempotencyStep } from '#lifecycle';
import { type Clock, newRequestId } from '#platform';

/** The parts of a request that its key belongs to. */
export interface IdempotentRequest {
  /** In any version: versions and aliases share the keys of their function. */
  readonly function: Pick<FunctionDocument, 'urn' | 'id' | 'createdAt'>;
  readonly key: string;
  readonly payload: Buffer;
}

/**
 * The outcome of a request with a key. `written`: its invocation was published now. `repeated`: an
 * earlier request published it. `conflict`: the key belongs to another payload.
 */
export type IdempotentAcceptance =
  | { readonly kind: 'written' | 'repeated'; readonly requestId: string }
  | { readonly kind: 'conflict' };

/** Dependencies of {@link IdempotencyKeys}. */
export interface IdempotencyKeysParts {
  readonly gateway: Pick<KafkaGateway, 'follower' | 'publisher' | 'topics'>;
  readonly clock: Clock;
  /** The most keys in memory. */
  readonly keysMax: number;
  /** Time until a claim without an accepted invocation may be taken over, in milliseconds. */
  readonly claimTimeoutMs: number;
  /** Called for each key that was evicted before its day was over. */
  readonly evicted: () => void;
}

/** Longest wait of a search for the end of the topic, in milliseconds. */
const catchUpMsMax = 2_500;

/** The idempotency keys of all functions, as far as this process has read the topic. */
export class IdempotencyKeys {
  /** The claims of each function, in the order of first claims. */
  private readonly functions = new Map<string, Map<string, IdempotencyClaim>>();
  private count = 0;
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly follower: TopicFollower;
  private readonly topic: string;

  constructor(private readonly parts: IdempotencyKeysParts) {
    this.topic = parts.gateway.topics.name('idempotency');
    this.follower = parts.gateway.follower({ topic: parts.gateway.topics.name('idempotency'), from: 'earliest' });
  }

  /** Resolves when this process has read all keys of the last day. */
  start(): Promise<void> {
    return this.follower.start((record) => this.apply(record));
  }

  close(): Promise<void> {
    return this.follower.close();
  }

  /** Number of keys in memory. */
  get size(): number {
    return this.count;
  }

  /**
   * Returns the request id of the accepted invocation with this key and payload; undefined if this
   * process has read of none.
   */
  acceptedAs(request: IdempotentRequest): string | undefined {
    const { payload } = request;
    const claim = this.claimOf(this.nameOf(request));
    if (claim === undefined || !claim.isAccepted || isOver(claim, this.parts.clock.now())) return undefined;
    return claim.payloadDigest === digestOf(payload) ? claim.requestId : undefined;
  }

  /**
   * Returns the request ids of the accepted invocations with this key, whatever their payloads: one
   * for each function at most. Reads first what the topic holds at the call, so a caller that has
   * its 202 finds its invocation.
   * @throws PlatformError `REGISTRY_BEHIND` if this process cannot read the topic in time.
   */
  async requestIdsOf(functions: readonly IdempotentRequest['function'][], key: string): Promise<readonly string[]> {
    await this.follower.caughtUp(catchUpMsMax);
    const now = this.parts.clock.now();
    return functions.flatMap((fn) => {
      const claim = this.claimOf(this.nameOf({ function: fn, key }));
      return claim?.isAccepted === true && !isOver(claim, now) ? [claim.requestId] : [];
    });
  }

  /**
   * Publishes the invocation of a request, unless an earlier request with its key did.
   * @param write resolves when the brokers have acknowledged the invocation under the given request
   *   id.
   * @throws PlatformError `BROKER_UNAVAILABLE` if the brokers, or the request that holds the key,
   *   took too long; anything that `write` throws.
   */
  async once(asked: IdempotentRequest, write: (requestId: string) => Promise<void>): Promise<IdempotentAcceptance> {
    const { clock, claimTimeoutMs } = this.parts;
    const key = this.nameOf(asked);
    const request = { payloadDigest: digestOf(asked.payload), claimant: randomUUID() };
    const giveUpAt = clock.elapsedMs() + 2 * claimTimeoutMs;
    for (;;) {
      const step = nextIdempotencyStep(this.claimOf(key), request, clock.now(), claimTimeoutMs);
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
          const changed = this.change(key, Math.min(claimTimeoutMs, giveUpAt - clock.elapsedMs()));
          if (step.kind === 'claim') {
            const inPlaceOf = step.inPlaceOf === undefined ? {} : { inPlaceOf: step.inPlaceOf };
            const now = clock.now();
            await this.publish(key, { kind: 'claimed', requestId: newRequestId(now), ...request, ...inPlaceOf, at: now });
          }
          await changed;
          if (clock.elapsedMs() >= giveUpAt)
            throw new PlatformError('BROKER_UNAVAILABLE', {
              details: { reason: 'no request with this idempotency key published its invocation in time' },
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
    const claim = foldClaim(this.claimOf(key), event);
    if (claim !== undefined) this.store(key, claim);
    for (const listener of this.waiting.get(key) ?? []) listener();
  }

  /**
   * Returns the name under which a key is stored: the function, and the key of the caller.
   *
   * Earlier releases stored a key under the name of its function alone. Such a claim counts if it
   * was made after the creation of the function that has the name now. It ends after its day.
   */
  private nameOf({ function: { urn, id, createdAt }, key }: Omit<IdempotentRequest, 'payload'>): string {
    const shared = digestOf(urn).slice(0, functionLength);
    const earlierName = `${shared}.${digestOf(`${urn} ${key}`)}`;
    const earlier = this.claimOf(earlierName);
    const holds = earlier !== undefined && earlier.firstAt >= createdAt && !isOver(earlier, this.parts.clock.now());
    return holds ? earlierName : `${shared}.${digestOf(`${urn} ${id} ${key}`)}`;
  }

  private claimOf(key: string): IdempotencyClaim | undefined {
    return this.functions.get(functionIn(key))?.get(key);
  }

  private store(key: string, claim: IdempotencyClaim): void {
    const claims = this.functions.get(functionIn(key)) ?? new Map<string, IdempotencyClaim>();
    this.functions.set(functionIn(key), claims);
    const before = claims.get(key);
    if (before?.firstAt !== claim.firstAt) {
      if (before !== undefined) this.delete(claims, key);
      this.makeRoom(claims, this.parts.clock.now());
      this.count += 1;
    }
    claims.set(key, claim);
  }

  /** Evicts keys whose day is over, and one more if that does not make room for a new one. */
  private makeRoom(claims: Map<string, IdempotencyClaim>, now: EpochMs): void {
    this.evictOver(claims, now);
    if (this.count < this.parts.keysMax) return;
    for (const [name, each] of this.functions) {
      this.evictOver(each, now);
      if (each.size === 0 && each !== claims) this.functions.delete(name);
    }
    if (this.count < this.parts.keysMax) return;
    let largest = claims;
    for (const each of this.functions.values()) if (each.size > largest.size) largest = each;
    const [oldest] = largest.keys();
    if (oldest === undefined) return;
    this.delete(largest, oldest);
    this.parts.evicted();
  }

  /** The claims of a function are in the order of first claims, so the oldest come first. */
  private evictOver(claims: Map<string, IdempotencyClaim>, now: EpochMs): void {
    for (const [key, claim] of claims) {
      if (!isOver(claim, now)) return;
      this.delete(claims, key);
    }
  }

  private delete(claims: Map<string, IdempotencyClaim>, key: string): void {
    if (claims.delete(key)) this.count -= 1;
  }
}

/** The part of a name that tells the URN. Two functions that have it in common share one share. */
const functionLength = 16;

function functionIn(name: string): string {
  return name.slice(0, functionLength);
}

function digestOf(data: string | Buffer): string {
  return hash('sha256', data, 'base64url');
}
