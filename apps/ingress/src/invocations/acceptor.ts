import {
  delayed,
  encodeInvocation,
  laneSpread,
  encodeSettlement,
  formatFunctionUrn,
  type EpochMs,
  type FunctionDocument,
  type Invocation,
  type OutgoingRecord,
  type Topics,
  traceparentOf,
} from '#contracts';
import type { Publisher } from '#kafka';
import { accept, chooseVersion, delayTopicFor, type RequestSigns, settlementOf } from '#lifecycle';
import type { Act, Clock, ExpressRate, Tracing } from '#platform';
import type { Registry } from '#registry';
import { stableRandom } from './stable-random.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import type { LargePayloads } from './large-payloads.ts';
import { type ResolvedVersion, ResolvedNames, type Unaccepted, type Unresolved } from './resolved-names.ts';

/** A request from either door; its form is valid. */
export interface Arrival {
  readonly requestId: string;
  /** A function URN in any form. */
  readonly functionName: string;
  /** The id of the function that is meant. Another one under its name is refused. */
  readonly functionId?: string;
  readonly project: string;
  readonly payload: Buffer;
  /** The reference of an uploaded payload; `payload` is then empty. */
  readonly payloadRef?: string;
  /** The headers that the rules of an alias may read, by lower-case name. */
  readonly headers: RequestSigns['headers'];
  readonly hops: number;
  readonly delaySeconds?: number;
  /** In MB. */
  readonly memoryMb?: number;
  readonly traceparent?: string;
  /** Names by which the caller finds the invocation. */
  readonly tags?: readonly string[];
  /**
   * A name that the caller gave to this invocation: a request with the same key is the same
   * invocation.
   */
  readonly idempotencyKey?: string;
  /** True if no client waits for the answer: the record lets those of HTTP callers pass. */
  readonly givesWay?: boolean;
  /** True if an earlier invocation used the payload of `payloadRef`. */
  readonly isRedriven?: boolean;
}

/** The outcome of an arrival. An accepted or discarded one is in Kafka. */
export type Arrived =
  | { readonly kind: 'accepted' | 'discarded'; readonly requestId: string }
  | { readonly kind: 'refused'; readonly reason: Unaccepted }
  /** The intake of the function is paused. */
  | { readonly kind: 'paused'; readonly since: EpochMs };

/** Is called with the outcome of each arrival. */
export interface AcceptObserver {
  arrived(outcome: string): void;
}

/** Dependencies of an {@link Acceptor}. */
export interface AcceptorParts {
  readonly registry: Registry;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly rate: ExpressRate;
  readonly keys: IdempotencyKeys;
  readonly observer: AcceptObserver;
  readonly region: string;
  readonly topics: Topics;
  readonly tracing: Tracing;
  readonly payloads: Pick<LargePayloads, 'refusal'>;
}

/** Runs a write: once, or until it is done. */
export type Write = (write: () => Promise<void>) => Promise<void>;

const httpDoor = { 'http.request.method': 'POST', 'http.route': '/v2/:project/fgs/functions/:urn/invocations-async' } as const;
const kafkaDoor = { 'messaging.system': 'kafka', 'messaging.operation.type': 'process' } as const;

const once: Write = async (write) => write();

/** The version that will run, and the name of the alias that chose it. */
interface ChosenVersion extends ResolvedVersion {
  readonly alias?: string;
}

/** The bytes that tell two events apart: the payload, or its reference. */
function eventTextOf({ payload, payloadRef }: Pick<Arrival, 'payload' | 'payloadRef'>): Buffer {
  return payloadRef === undefined ? payload : Buffer.from(payloadRef);
}

/** Accepts invocations for both doors: decides, then writes exactly one record. */
export class Acceptor {
  private readonly names: ResolvedNames;

  constructor(private readonly parts: AcceptorParts) {
    this.names = new ResolvedNames(parts);
  }

  /**
   * Resolves once the brokers have acknowledged the invocation.
   * @param write writes the invocation. One that repeats the write repeats the same record, so that
   *   an executor knows it again.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `PUBLISHER_SATURATED`: the invocation was not
   *   accepted.
   */
  async accept(arrival: Arrival, write: Write = once): Promise<Arrived> {
    return this.parts.tracing.during(
      this.act(arrival),
      async (traceparent) => {
        const traced = traceparent === arrival.traceparent ? arrival : { ...arrival, ...traceparentOf(traceparent) };
        return this.acceptArrival(traced, write);
      },
      (arrived) => ({
        attributes: {
          'sendoff.outcome': arrived.kind === 'refused' ? arrived.reason : arrived.kind,
          ...('requestId' in arrived ? { 'faas.invocation_id': arrived.requestId } : {}),
        },
      }),
    );
  }

  /** The span does not hold the name of the function: a caller may send any text. */
  private act({ traceparent, givesWay }: Arrival): Act {
    if (givesWay !== true) return { name: 'accept', kind: 'server', traceparent, attributes: () => httpDoor };
    return { name: 'accept', kind: 'consumer', traceparent, attributes: () => kafkaDoor };
  }

  private async acceptArrival(arrival: Arrival, write: Write): Promise<Arrived> {
    const { clock, observer } = this.parts;
    const resolved = this.resolve(arrival);
    if (resolved.kind === 'unresolved') {
      observer.arrived(resolved.reason);
      return { kind: 'refused', reason: resolved.reason };
    }
    const now = clock.now();
    const { functionUrn, alias, known } = resolved;
    const acceptance = accept({ ...arrival, functionUrn, ...(alias === undefined ? {} : { alias }) }, known, now);
    if (acceptance.kind === 'refused' || acceptance.kind === 'paused') {
      const reason = acceptance.kind === 'paused' ? 'intake-paused' : acceptance.reason;
      const isClosed = reason === 'intake-paused' || reason === 'function-disabled';
      const before = isClosed ? this.acceptedBefore(arrival, known.function) : undefined;
      observer.arrived(before === undefined ? reason : 'repeated');
      return before === undefined ? acceptance : { kind: 'accepted', requestId: before };
    }
    const { invocation } = acceptance;
    const unusable = await this.payloadRefusal(invocation, arrival);
    if (unusable !== undefined) {
      observer.arrived(unusable);
      return { kind: 'refused', reason: unusable };
    }
    if (acceptance.kind === 'accepted' && arrival.idempotencyKey !== undefined)
      return this.acceptOnce(invocation, known.function, arrival.idempotencyKey);
    const record = acceptance.kind === 'accepted' ? this.queued(invocation, known.function) : this.discarded(invocation);
    await write(async () => this.parts.publisher.publish(record, { givesWay: arrival.givesWay === true }));
    observer.arrived(acceptance.kind);
    return { kind: acceptance.kind, requestId: invocation.requestId };
  }

  private async payloadRefusal({ functionUrn, payloadRef }: Invocation, { isRedriven = false }: Arrival) {
    const use = isRedriven ? 'again' : 'first';
    return payloadRef === undefined ? undefined : this.parts.payloads.refusal(functionUrn, payloadRef, use);
  }

  /**
   * Returns the request id of the first request with this key. A client that retries gets it even
   * if the function was disabled or paused in between.
   */
  private acceptedBefore(arrival: Arrival, fn: FunctionDocument): string | undefined {
    const { idempotencyKey: key } = arrival;
    return key === undefined ? undefined : this.parts.keys.acceptedAs({ function: fn, key, payload: eventTextOf(arrival) });
  }

  private async acceptOnce(invocation: Invocation, fn: FunctionDocument, key: string): Promise<Arrived> {
    const { keys, publisher, observer } = this.parts;
    const acceptance = await keys.once({ function: fn, key, payload: eventTextOf(invocation) }, (requestId) =>
      publisher.publish(this.queued({ ...invocation, requestId }, fn)),
    );
    if (acceptance.kind === 'conflict') {
      observer.arrived('idempotency-conflict');
      return { kind: 'refused', reason: 'idempotency-conflict' };
    }
    observer.arrived(acceptance.kind === 'written' ? 'accepted' : 'repeated');
    return { kind: 'accepted', requestId: acceptance.requestId };
  }

  /**
   * Resolves the name. An alias chooses its version here, once: every attempt runs the version in
   * the record.
   */
  private resolve(arrival: Arrival): ChosenVersion | Unresolved {
    const resolved = this.chosen(arrival);
    const isMeant =
      arrival.functionId === undefined || resolved.kind === 'unresolved' || resolved.known.function.id === arrival.functionId;
    return isMeant ? resolved : { kind: 'unresolved', reason: 'function-unknown' };
  }

  private chosen(arrival: Arrival): ChosenVersion | Unresolved {
    const { functionName, project, requestId, idempotencyKey, headers } = arrival;
    const named = this.names.resolve(functionName, project);
    if (named.kind !== 'alias') return named;
    const version = chooseVersion(named.alias, { dice: stableRandom(idempotencyKey ?? requestId), headers });
    const chosen = this.names.resolve(formatFunctionUrn({ ...named.urn, qualifier: version }), project);
    return chosen.kind === 'version' ? { ...chosen, alias: named.alias.name } : { kind: 'unresolved', reason: 'version-unknown' };
  }

  private queued(invocation: Invocation, fn: FunctionDocument | undefined): OutgoingRecord {
    const { topics, rate } = this.parts;
    const now = this.parts.clock.now();
    if (invocation.dueAt > now) {
      const topic = topics.name(delayTopicFor(invocation.dueAt, now));
      return delayed(encodeInvocation(topic, invocation), topic, 'invocations', invocation.dueAt);
    }
    const { functionUrn } = invocation;
    const instancesMax = fn?.instancesMax ?? -1;
    return rate.take(functionUrn, now)
      ? encodeInvocation(topics.name('invocations'), invocation, laneSpread('invocations', functionUrn, instancesMax))
      : encodeInvocation(topics.name('invocations.bulk'), invocation, laneSpread('invocations.bulk', functionUrn, instancesMax));
  }

  private discarded(invocation: Invocation): OutgoingRecord {
    const ending = {
      condition: 'RecursionDetected',
      attempts: 0,
      endedAt: invocation.acceptedAt,
      errorMessage: `more than the allowed number of chained invocations (${invocation.hops})`,
    } as const;
    return encodeSettlement(this.parts.topics.name('settlements'), settlementOf(invocation, ending));
  }
}
