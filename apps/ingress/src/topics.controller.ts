import { randomBytes, randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { IsIn, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { parseFunctionUrn, type SubscriptionDocument, type TopicDocument, topicKey } from '#contracts';
import { AllowedNetworks, type Clock, CLOCK } from '#platform';
import type { Registry, RegistryWriter } from '#registry';
import { ApiError } from './api-error.ts';
import { rfc3339 } from './function-document.ts';
import { wholeQuery } from './query.ts';
import { INGRESS_OPTIONS, type IngressOptions, REGISTRY, REGISTRY_WRITER } from './tokens.ts';
import { ValidatedBody } from './validated.ts';

/** The body of a topic. */
export class TopicDto {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$/, {
    message: 'name must be 1..200 letters, digits, - or _, from a letter or digit',
  })
  name!: string;

  @IsOptional()
  @IsString()
  @MaxLength(192)
  display_name?: string;
}

/** The body of a subscription. */
export class SubscriptionDto {
  @IsIn(['http', 'https', 'functionstage'])
  protocol!: 'http' | 'https' | 'functionstage';

  @IsString()
  @MinLength(1)
  @MaxLength(2_048)
  endpoint!: string;

  @IsOptional()
  @IsString()
  @MaxLength(128)
  remark?: string;

  /** Ours: a Standard Webhooks secret of the caller's own. */
  @IsOptional()
  @Matches(/^whsec_[A-Za-z0-9+/]{32,128}={0,2}$/, { message: 'secret must be whsec_ and 24..96 bytes in Base64' })
  secret?: string;
}

const subscriptionsMax = 100;
const pageMax = 100;
const secretBytes = 32;

function topicAnswer({ urn, name, displayName, createdAt, modifiedAt }: TopicDocument): Record<string, unknown> {
  return {
    topic_urn: urn,
    name,
    display_name: displayName,
    push_policy: 0,
    create_time: rfc3339(createdAt),
    update_time: rfc3339(modifiedAt),
  };
}

function subscriptionAnswer(
  topic: TopicDocument,
  { urn, protocol, endpoint, remark, status }: SubscriptionDocument,
): Record<string, unknown> {
  return { topic_urn: topic.urn, subscription_urn: urn, protocol, endpoint, owner: topic.project, remark, status };
}

/** Topics and their subscriptions. @see SMN API, topic and subscription operations */
@Controller('v2/:project/notifications')
export class TopicsController {
  private readonly networks: AllowedNetworks;

  constructor(
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(REGISTRY_WRITER) private readonly writer: RegistryWriter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INGRESS_OPTIONS) private readonly options: IngressOptions,
  ) {
    this.networks = new AllowedNetworks(options.webhookNetworks);
  }

  /** Makes a topic; one that is there already is left as it is. */
  @Post('topics')
  @HttpCode(201)
  async create(
    @Param('project') project: string,
    @Body(new ValidatedBody(TopicDto)) dto: TopicDto,
  ): Promise<Record<string, unknown>> {
    const urn = `urn:smn:${this.options.region}:${project}:${dto.name}`;
    const now = this.clock.now();
    await this.writer.mutate((registry) => {
      if (registry.topic(urn) !== undefined) return [];
      return [
        {
          kind: 'topic',
          urn,
          project,
          name: dto.name,
          displayName: dto.display_name ?? '',
          subscriptions: [],
          createdAt: now,
          modifiedAt: now,
        },
      ];
    });
    return { request_id: randomUUID(), topic_urn: urn };
  }

  @Get('topics')
  list(@Param('project') project: string, @Query() query: Record<string, string | undefined>): Record<string, unknown> {
    const all = this.registry.list('topic', project).toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
    return { request_id: randomUUID(), topic_count: all.length, topics: page(all, query).map(topicAnswer) };
  }

  @Get('topics/:urn')
  show(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    return { request_id: randomUUID(), ...topicAnswer(this.find(project, urn)) };
  }

  @Delete('topics/:urn')
  @HttpCode(200)
  async remove(@Param('project') project: string, @Param('urn') urn: string): Promise<Record<string, unknown>> {
    await this.writer.mutate(() => [{ delete: topicKey(this.find(project, urn).urn) }]);
    return { request_id: randomUUID() };
  }

  /** Adds a subscription. It counts as confirmed: whoever may call this API speaks for the endpoint. The secret is shown here and never again. */
  @Post('topics/:urn/subscriptions')
  @HttpCode(201)
  async subscribe(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(SubscriptionDto)) dto: SubscriptionDto,
  ): Promise<Record<string, unknown>> {
    this.checkEndpoint(dto, project);
    const secret = dto.secret ?? `whsec_${randomBytes(secretBytes).toString('base64')}`;
    const { protocol, endpoint } = dto;
    const added: SubscriptionDocument = {
      urn: `${urn}:${randomUUID().replaceAll('-', '')}`,
      protocol,
      endpoint,
      remark: dto.remark ?? '',
      status: 1,
      secret,
    };
    await this.writer.mutate(() => {
      const topic = this.find(project, urn);
      if (topic.subscriptions.length >= subscriptionsMax)
        throw new ApiError('FSS.0400', `a topic may have ${subscriptionsMax} subscriptions`);
      return [{ ...topic, subscriptions: [...topic.subscriptions, added], modifiedAt: this.clock.now() }];
    });
    return { request_id: randomUUID(), subscription_urn: added.urn, secret };
  }

  @Get('topics/:urn/subscriptions')
  subscriptionsOf(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: Record<string, string | undefined>,
  ): Record<string, unknown> {
    const topic = this.find(project, urn);
    const subscriptions = page(topic.subscriptions, query).map((subscription) => subscriptionAnswer(topic, subscription));
    return { request_id: randomUUID(), subscription_count: topic.subscriptions.length, subscriptions };
  }

  @Get('subscriptions')
  subscriptions(@Param('project') project: string, @Query() query: Record<string, string | undefined>): Record<string, unknown> {
    const all = this.registry
      .list('topic', project)
      .flatMap((topic) => topic.subscriptions.map((subscription) => subscriptionAnswer(topic, subscription)));
    return { request_id: randomUUID(), subscription_count: all.length, subscriptions: page(all, query) };
  }

  @Delete('subscriptions/:urn')
  @HttpCode(200)
  async unsubscribe(@Param('project') project: string, @Param('urn') urn: string): Promise<Record<string, unknown>> {
    await this.writer.mutate((registry) => {
      const topic = registry
        .list('topic', project)
        .find(({ subscriptions }) => subscriptions.some((subscription) => subscription.urn === urn));
      if (topic === undefined) throw new ApiError('FSS.0404', `no subscription ${urn.slice(0, 300)}`);
      return [
        {
          ...topic,
          subscriptions: topic.subscriptions.filter((subscription) => subscription.urn !== urn),
          modifiedAt: this.clock.now(),
        },
      ];
    });
    return { request_id: randomUUID() };
  }

  private find(project: string, urn: string): TopicDocument {
    const topic = this.registry.topic(urn);
    if (topic === undefined || topic.project !== project) throw new ApiError('FSS.1171', `no topic ${urn.slice(0, 300)}`);
    return topic;
  }

  /** Says early what the notifier would refuse for ever; names are looked up, and looked at again, at each delivery. */
  private checkEndpoint({ protocol, endpoint }: SubscriptionDto, project: string): void {
    if (protocol === 'functionstage') {
      if (parseFunctionUrn(endpoint, { region: this.options.region, project }) === undefined)
        throw new ApiError('FSS.0400', 'endpoint must be a function URN');
      return;
    }
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (url?.protocol !== `${protocol}:` || url.username !== '' || url.password !== '')
      throw new ApiError('FSS.0400', `endpoint must be an ${protocol} URL without credentials`);
    const host = /^(?:.+\.)?localhost\.?$/.test(url.hostname) ? '127.0.0.1' : url.hostname.replaceAll(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.networks.mayReach(host))
      throw new ApiError('FSS.0400', `endpoint ${host} is not public; WEBHOOK_NETWORKS_ALLOWED can allow its network`);
  }
}

function page<T>(all: readonly T[], query: Record<string, string | undefined>): readonly T[] {
  const offset = wholeQuery(query, 'offset', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  return all.slice(offset, offset + (wholeQuery(query, 'limit', 1, pageMax) ?? pageMax));
}
