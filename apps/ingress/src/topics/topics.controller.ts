import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Res, UseInterceptors } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type EpochMs, type TopicDocument, topicKey, utcText } from '#contracts';
import { mayUseTopic } from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { Operation } from '../document/operation.ts';
import { page, type Query as QueryOf, textQuery } from '../http/query.ts';
import { checkSubscribers } from '../policies/check-reach.ts';
import { readPublication } from './read-publication.ts';
import { RequestIdInBody } from '../http/request-id.interceptor.ts';
import { type Home, HOME } from '../names/home.ts';
import { PublicationDto, TopicChangeDto, topicCodes, TopicDto } from './topic.dto.ts';
import { TopicMessages } from './topic-messages.ts';
import { mayKnowTopic, topicId, TopicNames } from '../names/topic-names.ts';
import { topicOperations as operations } from './topics.operations.ts';
import { ValidatedBody } from '../http/validated.ts';

const topicsMax = 3_000;
/** Attributes that clients request with every topic they show. */
const topicAttributes = ['access_policy', 'introduction'] as const;

/** `YYYY-MM-DDTHH:mm:ssZ`. */
function utcSeconds(at: EpochMs): string {
  return `${utcText(at).slice(0, 19)}Z`;
}

function topicAnswer({ urn, name, displayName, createdAt, modifiedAt }: TopicDocument): Record<string, unknown> {
  return {
    topic_urn: urn,
    name,
    display_name: displayName,
    push_policy: 0,
    enterprise_project_id: '0',
    topic_id: topicId(urn),
    create_time: utcSeconds(createdAt),
    update_time: utcSeconds(modifiedAt),
  };
}

/** The refusal of a name for a topic. It does not tell whether the topic exists. */
function topicRefused({ topics }: Caller, name: string): ApiError {
  const own = topics.length === 0 ? 'none' : `only ${topics.join(', ')}`;
  return new ApiError('FSS.0403', `the access key may not create topic ${name}; it may create ${own}`);
}

/**
 * Topics, and publishing to them.
 * @see SMN API, topic operations and message publishing
 */
@Controller('v2/:project/notifications/topics')
@UseInterceptors(RequestIdInBody)
export class TopicsController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(TopicNames) private readonly names: TopicNames,
    @Inject(TopicMessages) private readonly messages: TopicMessages,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HOME) private readonly home: Home,
  ) {}

  /** Creates a topic and answers 201. An existing one stays as it is, and the answer is 200. */
  @Operation(operations.create)
  @Post()
  @HttpCode(201)
  async create(
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(TopicDto, { codes: topicCodes })) { name, display_name: displayName = '' }: TopicDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Record<string, unknown>> {
    const { project } = caller;
    if (!mayUseTopic(caller, name)) throw topicRefused(caller, name);
    const urn = `urn:smn:${this.home.region}:${project}:${name}`;
    const now = this.clock.now();
    const isNew = await this.writer.mutate((registry) => {
      if (registry.topic(urn) !== undefined) return { changes: [], answer: false };
      refuseAbove(registry.list('topic', project).length + 1);
      const topic = {
        kind: 'topic',
        urn,
        project,
        name,
        displayName,
        subscriptions: [],
        createdAt: now,
        modifiedAt: now,
      } as const;
      return { changes: [topic], answer: true, within: (after) => refuseAbove(after.list('topic', project).length) };
    });
    if (!isNew) void reply.status(200);
    return { topic_urn: urn };
  }

  @Operation(operations.attributes)
  @Get(':urn/attributes')
  attributes(@CalledBy() caller: Caller, @Param('urn') urn: string, @Query() query: QueryOf): Record<string, unknown> {
    this.names.find(urn, caller);
    const name = textQuery(query, 'name');
    const shown = topicAttributes.filter((attribute) => name === undefined || name === attribute);
    if (shown.length === 0) throw new ApiError('SMN.0046', `name must be one of ${topicAttributes.join(', ')}`);
    return { attributes: Object.fromEntries(shown.map((attribute) => [attribute, ''])) };
  }

  /** Lists topics, newest first. The count covers all pages. */
  @Operation(operations.list)
  @Get()
  list(@CalledBy() caller: Caller, @Query() query: QueryOf): Record<string, unknown> {
    const name = textQuery(query, 'name');
    const part = textQuery(query, 'fuzzy_name');
    const displayPart = textQuery(query, 'fuzzy_display_name');
    const id = textQuery(query, 'topic_id');
    const matching = this.registry
      .list('topic', caller.project)
      .filter((topic) => mayKnowTopic(caller, topic))
      .filter((topic) => name === undefined || name === topic.name)
      .filter((topic) => part === undefined || topic.name.includes(part))
      .filter((topic) => id === undefined || id === topicId(topic.urn))
      .filter((topic) => displayPart === undefined || topic.displayName.includes(displayPart))
      .toSorted((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1));
    return { topic_count: matching.length, topics: page(matching, query).map(topicAnswer) };
  }

  @Operation(operations.show)
  @Get(':urn')
  show(@CalledBy() caller: Caller, @Param('urn') urn: string): Record<string, unknown> {
    return topicAnswer(this.names.find(urn, caller));
  }

  @Operation(operations.update)
  @Put(':urn')
  async update(
    @CalledBy() caller: Caller,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(TopicChangeDto, { codes: topicCodes })) { display_name: displayName }: TopicChangeDto,
  ): Promise<Record<string, unknown>> {
    await this.writer.mutate(() => {
      const topic = this.names.find(urn, caller);
      return { changes: displayName === undefined ? [] : [{ ...topic, displayName, modifiedAt: this.clock.now() }] };
    });
    return {};
  }

  /** Deletes a topic. Policies may still name it; their deliveries are then refused. */
  @Operation(operations.remove)
  @Delete(':urn')
  @HttpCode(200)
  async remove(@CalledBy() caller: Caller, @Param('urn') urn: string): Promise<Record<string, unknown>> {
    await this.writer.mutate(() => ({ changes: [{ delete: topicKey(this.names.find(urn, caller).urn) }] }));
    return {};
  }

  /** Answers once the brokers have acknowledged the message. The notifier delivers it later. */
  @Operation(operations.publish)
  @Post(':urn/publish')
  @HttpCode(200)
  async publish(
    @CalledBy() caller: Caller,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(PublicationDto, { codes: topicCodes })) dto: PublicationDto,
  ): Promise<Record<string, unknown>> {
    const topic = this.names.find(urn, caller);
    const publication = readPublication(dto);
    checkSubscribers(caller, topic);
    return { message_id: await this.messages.publish(topic, publication) };
  }
}

/** @param count topics of a project. @throws ApiError SMN.0004. */
function refuseAbove(count: number): void {
  if (count > topicsMax) throw new ApiError('SMN.0004', `a project may have ${topicsMax} topics at most`);
}
