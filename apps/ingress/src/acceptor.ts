import {
  bareUrnOf,
  delayed,
  encodeInvocation,
  encodeSettlement,
  type FunctionUrn,
  formatFunctionUrn,
  type Invocation,
  type OutgoingRecord,
  parseFunctionUrn,
  physicalTopic,
  type TopicName,
} from '#contracts';
import type { Publisher } from '#kafka';
import { accept, delayTopicFor, type FunctionKnown, type Refusal, settlementOf } from '#lifecycle';
import type { Clock } from '#platform';
import type { Registry } from '#registry';
import type { ExpressRate } from './express-rate.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';

/** A request of either door, its form checked. */
export interface Arrival {
  readonly requestId: string;
  /** Any URN form. */
  readonly functionName: string;
  readonly project: string;
  readonly payload: Buffer;
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
  | { readonly kind: 'refused'; readonly reason: Refusal | 'urn-malformed' | 'idempotency-conflict' };

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

interface Resolved {
  readonly functionUrn: string;
  readonly known: FunctionKnown;
}

/** Names that are remembered with what they mean, until the registry changes. */
const resolvedMax = 10_000;

/** Accepts invocations for both doors: decides, then writes exactly one record. */
export class Acceptor {
  private readonly resolved = new Map<string, Resolved>();

  constructor(private readonly parts: AcceptorParts) {
    parts.registry.onChange(() => this.resolved.clear());
  }

  /**
   * Resolves once the invocation is acknowledged by the brokers.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `PUBLISHER_SATURATED`: nothing was promised.
   */
  async accept(arrival: Arrival): Promise<Arrived> {
    const { clock, observer } = this.parts;
    const resolved = this.resolve(arrival.functionName, arrival.project);
    if (resolved === undefined) {
      observer.arrived('urn-malformed');
      return { kind: 'refused', reason: 'urn-malformed' };
    }
    const now = clock.now();
    const acceptance = accept({ ...arrival, functionUrn: resolved.functionUrn }, resolved.known, now);
    if (acceptance.kind === 'refused') {
      observer.arrived(acceptance.reason);
      return acceptance;
    }
    const { invocation } = acceptance;
    if (acceptance.kind === 'accepted' && arrival.idempotencyKey !== undefined)
      return this.acceptOnce(invocation, arrival.idempotencyKey);
    await this.parts.publisher.publish(acceptance.kind === 'accepted' ? this.queued(invocation) : this.discarded(invocation));
    observer.arrived(acceptance.kind);
    return { kind: acceptance.kind, requestId: invocation.requestId };
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

  private resolve(name: string, project: string): Resolved | undefined {
    const key = `${project} ${name}`;
    const remembered = this.resolved.get(key);
    if (remembered !== undefined) return remembered;
    const urn = parseFunctionUrn(name, { region: this.parts.region, project });
    if (urn === undefined || urn.project !== project) return undefined;
    const resolved = { functionUrn: formatFunctionUrn(urn), known: this.known(urn) };
    if (this.resolved.size >= resolvedMax) this.resolved.clear();
    if (resolved.known.function !== undefined) this.resolved.set(key, resolved);
    return resolved;
  }

  private known(urn: FunctionUrn): FunctionKnown {
    const { registry, region } = this.parts;
    const isHere = urn.region === region && urn.qualifier === 'latest';
    return {
      function: isHere ? registry.functionByUrn(urn) : undefined,
      policy: registry.policyOf(urn),
      project: registry.project(urn.project),
    };
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
