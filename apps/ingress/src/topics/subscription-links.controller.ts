import { Controller, Get, HttpCode, Inject, Query, Req, UseInterceptors } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { subscriptionPaths, type TopicDocument } from '#contracts';
import { type Clock, CLOCK, Sealer, SubscriptionTokens, type TokenPurpose } from '#platform';
import { RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { Operation } from '../document/operation.ts';
import type { Query as QueryOf } from '../http/query.ts';
import { RequestIdInBody } from '../http/request-id.interceptor.ts';
import { subscriptionLinkOperations as operations } from './subscription-links.operations.ts';
import { topicOf } from '../names/topic-names.ts';

/** Paths under which newer SDKs call the same operations. */
const newerPaths = {
  confirm: '/rest/v2/notifications/subscription/confirm',
  unsubscribe: '/rest/v2/notifications/subscription/unsubscribe',
} as const;

/**
 * The operations behind the links that subscribers get.
 * @see docs/adr/0010-links-are-sealed-tokens.md
 */
@Controller()
@UseInterceptors(RequestIdInBody)
export class SubscriptionLinksController {
  private readonly tokens: SubscriptionTokens;

  constructor(
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(Sealer) sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.tokens = new SubscriptionTokens(sealer);
  }

  /** Confirms a subscription; confirming it again changes nothing. */
  @Operation(operations.confirm)
  @Get([subscriptionPaths.confirm, newerPaths.confirm])
  @HttpCode(200)
  async confirm(@Req() request: FastifyRequest, @Query() query: QueryOf): Promise<Record<string, unknown>> {
    const urn = this.subscriptionOf(request, query, 'confirm', query['topic_urn']);
    await this.change(urn, (topic) => topic.subscriptions.map((known) => (known.urn === urn ? { ...known, status: 1 } : known)));
    return { subscription_urn: urn };
  }

  /** Removes a subscription; its owner may add it again. */
  @Operation(operations.unsubscribe)
  @Get([subscriptionPaths.unsubscribe, newerPaths.unsubscribe])
  @HttpCode(200)
  async unsubscribe(@Req() request: FastifyRequest, @Query() query: QueryOf): Promise<Record<string, unknown>> {
    const urn = this.subscriptionOf(request, query, 'unsubscribe', topicOf(query['subscription_urn'] ?? ''));
    if (urn !== query['subscription_urn']) throw tokenRefused();
    await this.change(urn, (topic) => topic.subscriptions.filter((known) => known.urn !== urn));
    return { message: `Unsubscribed: ${urn}` };
  }

  /**
   * @throws ApiError SMN.0022 if the token is invalid; FSS.0405 for HEAD, by which mail scanners
   *   probe links.
   */
  private subscriptionOf({ method }: FastifyRequest, { token }: QueryOf, purpose: TokenPurpose, topicUrn?: string): string {
    if (method !== 'GET') throw new ApiError('FSS.0405', 'the link must be requested with GET');
    const urn =
      token === undefined || topicUrn === undefined ? undefined : this.tokens.read(token, purpose, topicUrn, this.clock.now());
    if (urn === undefined) throw tokenRefused();
    return urn;
  }

  private async change(urn: string, subscriptions: (topic: TopicDocument) => TopicDocument['subscriptions']): Promise<void> {
    await this.writer.mutate((registry) => {
      const topic = registry.topic(topicOf(urn) ?? '');
      if (topic?.subscriptions.some((known) => known.urn === urn) !== true)
        throw new ApiError('SMN.0013', `Subscription not found: ${urn}`);
      return { changes: [{ ...topic, subscriptions: subscriptions(topic), modifiedAt: this.clock.now() }] };
    });
  }
}

function tokenRefused(): ApiError {
  return new ApiError('SMN.0022', 'the token is invalid or has expired');
}
