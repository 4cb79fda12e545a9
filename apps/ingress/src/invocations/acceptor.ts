import {
  bareUrnOf,
  delayed,
  encodeInvocation,
  encodeSettlement,
  formatFunctionUrn,
  type Invocation,
  type OutgoingRecord,
  physicalTopic,
  type TopicName,
} from '#contracts';
import type { Publisher } from '#kafka';
import { accept, chooseVersion, delayTopicFor, type RequestSigns, settlementOf } from '#lifecycle';
import type { Clock } from '#platform';
import type { Registry } from '#registry';
import { diceOf } from './dice-of.ts';
import type { ExpressRate } from './express-rate.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import { type ResolvedVersion, ResolvedNames, type Unaccepted, type Unresolved } from './resolved-names.ts';

/** A request of either door, its form checked. */
export interface Arrival {
  readonly requestId: string;
  /** Any URN form. */
  readonly functionName: string;
  readonly project: string;
  readonly payload: Buffer;
  /** What the rules of an alias may look at, by lower-case name. */
  readonly headers: RequestSigns['headers'];
  readonly hops: number;
  readonly delaySeconds?: number;
  /** In MB. */
  readonly memoryMb?: number;
  readonly traceparent?: string;
  /** The caller's word for this very invocation: sent again, it is the same one. */
  readonly idempotencyKey?: string;
}

/** What became of an arrival. An accepted or discarded one is in Kafka. */
export type Arrived =
  | { readonly kind: 'accepted' | 'discarded'; readonly requestId: string }
  | { readonly kind: 'refused'; readonly reason: Unaccepted };

/** What is told of each arrival. */
export interface AcceptObserver {
  arrived(outcome: string): void;
}

/** What an acceptor works with. */
export interface AcceptorParts {
  readonly registry: Registry;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly rate: ExpressRate;
  readonly keys: IdempotencyKeys;
  readonly observer: AcceptObserver;
  readonly region: string;
  readonly topicPrefix: string;
}

/** The version that will run, and the name of the alias that chose it. */
interface ChosenVersion extends ResolvedVersion {
  readonly alias?: string;
}

/** Accepts invocations for both doors: decides, then writes exactly one record. */
export class Acceptor {
  private readonly names: ResolvedNames;

  constructor(private readonly parts: AcceptorParts) {
    this.names = new ResolvedNames(parts);
  }

  /**
   * Resolves once the invocation is acknowledged by the brokers.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `PUBLISHER_SATURATED`: nothing was promised.
   */
  async accept(arrival: Arrival): Promise<Arrived> {
    const { clock, observer } = this.parts;
    const resolved = this.resolve(arrival);
    if (resolved.kind === 'unresolved') {
      observer.arrived(resolved.reason);
      return { kind: 'refused', reason: resolved.reason };
    }
    const now = clock.now();
    const { functionUrn, alias } = resolved;
    const acceptance = accept({ ...arrival, functionUrn, ...(alias === undefined ? {} : { alias }) }, resolved.known, now);
    if (acceptance.kind === 'refused') {
      const before = acceptance.reason === 'function-disabled' ? this.acceptedBefore(arrival, functionUrn) : undefined;
      observer.arrived(before === undefined ? acceptance.reason : 'repeated');
      return before === undefined ? acceptance : { kind: 'accepted', requestId: before };
    }
    const { invocation } = acceptance;
    if (acceptance.kind === 'accepted' && arrival.idempotencyKey !== undefined)
      return this.acceptOnce(invocation, arrival.idempotencyKey);
    await this.parts.publisher.publish(acceptance.kind === 'accepted' ? this.queued(invocation) : this.discarded(invocation));
    observer.arrived(acceptance.kind);
    return { kind: acceptance.kind, requestId: invocation.requestId };
  }

  /**
   * A client that repeats a request has not got the answer to it. It gets the first answer, though the function was
   * disabled in between.
   */
  private acceptedBefore({ idempotencyKey: key, payload }: Arrival, functionUrn: string): string | undefined {
    return key === undefined ? undefined : this.parts.keys.acceptedAs({ bareUrn: bareUrnOf(functionUrn), key, payload });
  }

  private async acceptOnce(invocation: Invocation, key: string): Promise<Arrived> {
    const { keys, publisher, observer } = this.parts;
    const bareUrn = bareUrnOf(invocation.functionUrn);
    const acceptance = await keys.once({ bareUrn, key, payload: invocation.payload }, (requestId) =>
      publisher.publish(this.queued({ ...invocation, requestId })),
    );
    if (acceptance.kind === 'conflict') {
      observer.arrived('idempotency-conflict');
      return { kind: 'refused', reason: 'idempotency-conflict' };
    }
    observer.arrived(acceptance.kind === 'written' ? 'accepted' : 'repeated');
    return { kind: 'accepted', requestId: acceptance.requestId };
  }

  /** An alias chooses here, once: every attempt runs the version that is stamped. */
  private resolve(arrival: Arrival): ChosenVersion | Unresolved {
    const { functionName, project, requestId, idempotencyKey, headers } = arrival;
    const named = this.names.resolve(functionName, project);
    if (named.kind !== 'alias') return named;
    const version = chooseVersion(named.alias, { dice: diceOf(idempotencyKey ?? requestId), headers });
    const chosen = this.names.resolve(formatFunctionUrn({ ...named.urn, qualifier: version }), project);
    return chosen.kind === 'version' ? { ...chosen, alias: named.alias.name } : { kind: 'unresolved', reason: 'version-unknown' };
  }

  private queued(invocation: Invocation): OutgoingRecord {
    const now = this.parts.clock.now();
    if (invocation.dueAt > now) {
      const topic = this.topic(delayTopicFor(invocation.dueAt, now));
      return delayed(encodeInvocation(topic, invocation), topic, 'invocations', invocation.dueAt);
    }
    if (this.parts.rate.take(invocation.functionUrn, now)) return encodeInvocation(this.topic('invocations'), invocation);
    return encodeInvocation(this.topic('invocations.bulk'), invocation, invocation.functionUrn);
  }

  private discarded(invocation: Invocation): OutgoingRecord {
    const ending = {
      condition: 'RecursionDetected',
      attempts: 0,
      endedAt: invocation.acceptedAt,
      errorMessage: `more than the allowed number of chained invocations (${invocation.hops})`,
    } as const;
    return encodeSettlement(this.topic('settlements'), settlementOf(invocation, ending));
  }

  private topic(name: TopicName): string {
    return physicalTopic(this.parts.topicPrefix, name);
  }
}
