import { randomBytes } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Res, UseInterceptors } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type FunctionDocument, readFunctionUrn, type SubscriptionDocument, type TopicDocument } from '#contracts';
import { isSubscribed } from '#lifecycle';
import { AllowedNetworks, type Clock, CLOCK, Sealer } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { checkMayInvoke } from '../access/authorise.ts';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { checkCycle } from '../policies/check-target.ts';
import { targetRefused } from '../policies/target-refused.ts';
import { Operation } from '../document/operation.ts';
import { page, type Query as QueryOf, textQuery, wholeQuery } from '../http/query.ts';
import { RequestIdInBody } from '../http/request-id.interceptor.ts';
import { subscriptionOperations as operations, subscriptionStatusMax } from './subscriptions.operations.ts';
import { type Home, HOME } from '../names/home.ts';
import { SubscriptionChangeDto, SubscriptionDto, topicCodes } from './topic.dto.ts';
import { TopicMessages } from './topic-messages.ts';
import { randomId } from '../names/random-id.ts';
import { mayKnowSubscription, type NamedSubscription, TopicNames } from '../names/topic-names.ts';
import { ValidatedBody } from '../http/validated.ts';

/** Rules of an installation for subscriptions. */
export interface SubscriptionOptions {
  /** CIDR blocks that webhooks may reach although they are not public. */
  readonly webhookNetworks: readonly string[];
  /**
   * The party that confirms the subscription of a webhook: the caller, by adding it, or the
   * operator of its endpoint.
   */
  readonly confirmedBy: 'caller' | 'endpoint';
}

/** Injection token of the {@link SubscriptionOptions}. */
export const SUBSCRIPTION_OPTIONS = Symbol('subscription options');

/**
 * The most subscriptions of a topic. A topic and its subscriptions are one document, which must fit
 * into a Kafka record.
 */
const subscriptionsMax = 100;
const secretBytes = 32;

function subscriptionAnswer({ topic, subscription }: NamedSubscription): Record<string, unknown> {
  const { urn, protocol, endpoint, remark, status } = subscription;
  return { topic_urn: topic.urn, subscription_urn: urn, protocol, endpoint, owner: topic.project, remark, status };
}

/**
 * Subscriptions to topics.
 * @see SMN API, subscription operations
 */
@Controller('v2/:project/notifications')
@UseInterceptors(RequestIdInBody)
export class SubscriptionsController {
  private readonly networks: AllowedNetworks;

  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(TopicNames) private readonly names: TopicNames,
    @Inject(TopicMessages) private readonly messages: TopicMessages,
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HOME) private readonly home: Home,
    @Inject(SUBSCRIPTION_OPTIONS) private readonly options: SubscriptionOptions,
  ) {
    this.networks = new AllowedNetworks(options.webhookNetworks);
  }

  /**
   * Adds a subscription and answers 201. An existing one with the same endpoint stays, and the
   * answer is 200. If it is unconfirmed, it gets another confirmation request. A secret in the body
   * replaces its secret. Only the answer that creates a secret shows it. A subscription of a
   * removed function gives way to one of the function that has its name now.
   */
  @Operation(operations.add)
  @Post('topics/:urn/subscriptions')
  @HttpCode(201)
  async add(
    @CalledBy() caller: Caller,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(SubscriptionDto, { codes: topicCodes })) dto: SubscriptionDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Record<string, unknown>> {
    this.names.find(urn, caller);
    this.checkAddress(dto);
    const { subscription: unbound, secret: madeSecret } = this.make(dto, urn);
    const { subscription, isNew } = await this.writer.mutate((registry) => {
      const topic = this.names.find(urn, caller);
      const fn = this.functionOf(registry, dto, caller);
      const known = topic.subscriptions.find(({ protocol, endpoint }) => protocol === dto.protocol && endpoint === dto.endpoint);
      const same = known !== undefined && (fn === undefined || isSubscribed(known, fn)) ? known : undefined;
      if (same === undefined) {
        const others = topic.subscriptions.filter((subscription) => subscription !== known);
        if (others.length >= subscriptionsMax)
          throw new ApiError('SMN.0007', `a topic may have ${subscriptionsMax} subscriptions at most`);
        const made = fn === undefined ? unbound : { ...unbound, functionId: fn.id };
        const changed = this.changed(topic, [...others, made]);
        const refused = made.protocol === 'functionstage' ? checkCycle(registry, changed) : undefined;
        if (refused !== undefined) throw targetRefused(refused, caller);
        return { changes: [changed], answer: { subscription: made, isNew: true } };
      }
      if (dto.secret === undefined) return { changes: [], answer: { subscription: same, isNew: false } };
      const resealed = { ...same, secret: this.sealer.seal(dto.secret, same.urn) };
      return { changes: [this.replaced({ topic, subscription: resealed })], answer: { subscription: resealed, isNew: false } };
    });
    if (subscription.status === 0) await this.messages.askToConfirm(this.names.find(urn, caller), subscription);
    if (isNew) return { subscription_urn: subscription.urn, ...(madeSecret === '' ? {} : { secret: madeSecret }) };
    void reply.status(200);
    return { subscription_urn: subscription.urn };
  }

  @Operation(operations.ofTopic)
  @Get('topics/:urn/subscriptions')
  ofTopic(@CalledBy() caller: Caller, @Param('urn') urn: string, @Query() query: QueryOf): Record<string, unknown> {
    const topic = this.names.find(urn, caller);
    return this.listed(this.knownTo(caller, topic), query);
  }

  @Operation(operations.ofProject)
  @Get('subscriptions')
  ofProject(@CalledBy() caller: Caller, @Query() query: QueryOf): Record<string, unknown> {
    const protocol = textQuery(query, 'protocol');
    const endpoint = textQuery(query, 'endpoint');
    const status = wholeQuery(query, 'status', 0, subscriptionStatusMax, 'SMN.0077');
    const matching = this.registry
      .list('topic', caller.project)
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .flatMap((topic) => this.knownTo(caller, topic))
      .filter(({ subscription }) => protocol === undefined || protocol === subscription.protocol)
      .filter(({ subscription }) => endpoint === undefined || endpoint === subscription.endpoint)
      .filter(({ subscription }) => status === undefined || status === subscription.status);
    return this.listed(matching, query);
  }

  @Operation(operations.update)
  @Put('topics/:topic/subscriptions/:urn')
  async update(
    @CalledBy() caller: Caller,
    @Param('topic') topicUrn: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(SubscriptionChangeDto, { codes: topicCodes })) { remark }: SubscriptionChangeDto,
  ): Promise<Record<string, unknown>> {
    await this.writer.mutate(() => {
      const { topic, subscription } = this.named(urn, caller, topicUrn);
      return { changes: remark === undefined ? [] : [this.replaced({ topic, subscription: { ...subscription, remark } })] };
    });
    return { subscription_urn: urn };
  }

  @Operation(operations.remove)
  @Delete('subscriptions/:urn')
  @HttpCode(200)
  async remove(@CalledBy() caller: Caller, @Param('urn') urn: string): Promise<Record<string, unknown>> {
    return this.removeNamed(urn, caller);
  }

  @Operation(operations.removeOfTopic)
  @Delete('topics/:topic/subscriptions/:urn')
  @HttpCode(200)
  async removeOfTopic(
    @CalledBy() caller: Caller,
    @Param('topic') topicUrn: string,
    @Param('urn') urn: string,
  ): Promise<Record<string, unknown>> {
    return this.removeNamed(urn, caller, topicUrn);
  }

  private async removeNamed(urn: string, caller: Caller, topicUrn?: string): Promise<Record<string, unknown>> {
    await this.writer.mutate(() => {
      const { topic } = this.named(urn, caller, topicUrn);
      const others = topic.subscriptions.filter((subscription) => subscription.urn !== urn);
      return { changes: [this.changed(topic, others)] };
    });
    return {};
  }

  private knownTo(caller: Caller, topic: TopicDocument): readonly NamedSubscription[] {
    return topic.subscriptions
      .map((subscription) => ({ topic, subscription }))
      .filter((named) => mayKnowSubscription(caller, named));
  }

  private named(urn: string, caller: Caller, topicUrn?: string): NamedSubscription {
    if (topicUrn !== undefined) this.names.find(topicUrn, caller);
    const found = this.names.findSubscription(urn, caller);
    if (topicUrn !== undefined && found.topic.urn !== topicUrn)
      throw new ApiError('SMN.0013', `Subscription not found: ${urn} is of another topic`);
    return found;
  }

  /**
   * Makes a subscription. A webhook starts unconfirmed if the configuration lets its endpoint
   * confirm. A function is confirmed at once, because it belongs to the project.
   */
  private make({ protocol, endpoint, remark = '', secret: callersSecret }: SubscriptionDto, topicUrn: string) {
    const urn = `${topicUrn}:${randomId()}`;
    const isWebhook = protocol !== 'functionstage';
    const secret = isWebhook ? (callersSecret ?? `whsec_${randomBytes(secretBytes).toString('base64')}`) : '';
    const subscription: SubscriptionDocument = {
      urn,
      protocol,
      endpoint,
      remark,
      status: isWebhook && this.options.confirmedBy === 'endpoint' ? 0 : 1,
      secret: this.sealer.seal(secret, urn),
      createdAt: this.clock.now(),
    };
    return { subscription, secret };
  }

  private changed(topic: TopicDocument, subscriptions: readonly SubscriptionDocument[]): TopicDocument {
    return { ...topic, subscriptions, modifiedAt: this.clock.now() };
  }

  private replaced({ topic, subscription }: NamedSubscription): TopicDocument {
    return this.changed(
      topic,
      topic.subscriptions.map((known) => (known.urn === subscription.urn ? subscription : known)),
    );
  }

  private listed(all: readonly NamedSubscription[], query: QueryOf): Record<string, unknown> {
    const part = textQuery(query, 'fuzzy_remark');
    const matching = all
      .filter(({ subscription }) => part === undefined || subscription.remark.includes(part))
      .toSorted((a, b) => (a.subscription.createdAt ?? 0) - (b.subscription.createdAt ?? 0));
    return { subscription_count: matching.length, subscriptions: page(matching, query).map(subscriptionAnswer) };
  }

  /**
   * Finds the function of a subscription, and checks that the caller may let it run.
   * @returns undefined for a webhook.
   * @throws ApiError SMN.0012, FSS.0403, SMN.0101.
   */
  private functionOf(registry: Registry, { protocol, endpoint }: SubscriptionDto, caller: Caller): FunctionDocument | undefined {
    if (protocol !== 'functionstage') return undefined;
    const { project } = caller;
    const read = readFunctionUrn(endpoint, { region: this.home.region, project });
    if (read.kind !== 'ours') throw new ApiError('SMN.0012', `endpoint must be the URN of a function of project ${project}`);
    checkMayInvoke(caller, read.urn);
    const fn = registry.hasFunction(read.urn) ? registry.functionByUrn(read.urn) : undefined;
    if (fn === undefined) throw new ApiError('SMN.0101', `Not found the function: ${endpoint.slice(0, 300)}`);
    return fn;
  }

  /**
   * Refuses an endpoint that the notifier would always refuse. The notifier checks host names again
   * at each delivery.
   */
  private checkAddress({ protocol, endpoint }: SubscriptionDto): void {
    if (protocol === 'functionstage') return;
    // `URL` is lenient: it would accept `https:a` and blanks, and other clients could not use such
    // an endpoint.
    const isPlain = endpoint.toLowerCase().startsWith(`${protocol}://`) && !/[\s\p{Cc}]/u.test(endpoint);
    const url = isPlain && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (url === undefined || url.username !== '' || url.password !== '')
      throw new ApiError('SMN.0012', `endpoint must be a URL that begins with ${protocol}://, without credentials and blanks`);
    const refused = this.networks.refusedAddressOf(url);
    if (refused !== undefined)
      throw new ApiError('SMN.0069', `endpoint ${this.networks.refusalOf(refused, [refused], 'WEBHOOK_NETWORKS_ALLOWED')}`);
  }
}
