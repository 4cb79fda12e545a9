import { Controller, createParamDecorator, type ExecutionContext, Get, Inject, Param, Query } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { epochMs, type Status, type StatusPage, type StatusQuery, statuses } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { FunctionNames } from '../names/function-names.ts';
import { TopicNames } from '../names/topic-names.ts';
import { Operation } from '../document/operation.ts';
import { instantQuery, limitQuery, type Query as QueryString, tagQuery, wholeQuery } from '../http/query.ts';
import { type KnownDelivery, knownTo, recordAnswer } from './record-answer.ts';
import { recordBounds, recordOperations as operations } from './records.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

const active: readonly Status[] = ['WAIT', 'RUNNING'];
const { limitDefault, limitMax, requestsMax, requestIdLengthMax, markerMax } = recordBounds;
const hourMs = 3_600_000;

/**
 * Injects the user agent. It is not a parameter of the operation, so the document does not show it.
 */
const UserAgent = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().headers['user-agent'],
);

/**
 * Whether the client reads `next_marker` as text. The provider of Terraform does, and fails on the
 * documented number as soon as a page is full.
 */
function readsMarkersAsText(userAgent: string | undefined): boolean {
  return userAgent?.includes('terraform-provider-') === true;
}

function pageAnswer(
  { records, count }: StatusPage,
  offset: number,
  userAgent: string | undefined,
  isKnown: KnownDelivery,
): Record<string, unknown> {
  const next = offset + records.length;
  const marker = next < count ? next : 0;
  return {
    invocations: records.map((record) => recordAnswer(record, isKnown)),
    count,
    next_marker: readsMarkersAsText(userAgent) ? String(marker) : marker,
  };
}

/**
 * Records of asynchronous invocations.
 * @see FunctionGraph API, asynchronous invocation records
 */
@Controller('v2/:project/fgs/functions/:urn')
export class RecordsController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(TopicNames) private readonly topics: TopicNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.list)
  @Get('async-invocations')
  async list(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
    @UserAgent() userAgent?: string,
  ): Promise<Record<string, unknown>> {
    const { request_id: requestId = '' } = query;
    if (requestId.length > requestIdLengthMax)
      throw new ApiError('FSS.1001', `request_id may have ${requestIdLengthMax} characters`);
    const question = this.question(project, urn, query, requestId === '' ? [] : [requestId], statuses);
    return pageAnswer(await this.page(question, urn), question.offset, userAgent, knownTo(caller, this.topics));
  }

  @Operation(operations.listActive)
  @Get('active-async-invocations')
  async listActive(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
    @UserAgent() userAgent?: string,
  ): Promise<Record<string, unknown>> {
    const requestIds = (query['requests'] ?? '')
      .split(',')
      .map((requestId) => requestId.trim())
      .filter((requestId) => requestId !== '');
    if (requestIds.length > requestsMax || requestIds.some(({ length }) => length > requestIdLengthMax))
      throw new ApiError('FSS.1001', `requests may name ${requestsMax} request ids, separated by commas`);
    const question = this.question(project, urn, query, requestIds, active);
    const isOver = !question.statuses.some((status) => active.includes(status));
    const page = isOver ? this.noRecords(question, urn) : await this.page(question, urn);
    return pageAnswer(page, question.offset, userAgent, knownTo(caller, this.topics));
  }

  /** @param requestIds empty for all invocations. */
  private question(
    project: string,
    urn: string,
    query: QueryString,
    requestIds: readonly string[],
    byDefault: readonly Status[],
  ): StatusQuery & { readonly statuses: readonly Status[] } {
    const functionUrns = this.names.versionsNamed(urn, project);
    const now = this.clock.now();
    const { status } = query;
    const tag = tagQuery(query);
    if (status !== undefined && status !== '' && !statuses.includes(status as Status))
      throw new ApiError('FSS.1001', `status must be one of ${statuses.join(', ')}`);
    // A caller who names a request wants its record, however old it is.
    const beginsAt = requestIds.length > 0 ? 0 : Math.max(0, now - hourMs);
    const beginAt = instantQuery(query, 'query_begin_time') ?? epochMs(beginsAt);
    const endAt = instantQuery(query, 'query_end_time');
    const limit = limitQuery(query, limitDefault, limitMax);
    return {
      project,
      functionUrns,
      statuses: status === undefined || status === '' ? byDefault : [status as Status],
      beginAt,
      // The window ends with its last second, so add the rest of that second.
      endAt: endAt === undefined ? now : epochMs(endAt - (endAt % 1_000) + 999),
      offset: wholeQuery(query, 'marker', 0, markerMax) ?? 0,
      limit,
      ...(requestIds.length === 0 ? {} : { requestIds }),
      ...(tag === undefined ? {} : { tag }),
    };
  }

  private async page(question: StatusQuery, urn: string): Promise<StatusPage> {
    const page = await this.records.query(question);
    return page.count === 0 ? this.noRecords(question, urn) : page;
  }

  /**
   * Returns an empty page. The function may be deleted, because records outlive it.
   * @throws ApiError FSS.1051, FSS.1052 if neither the function nor records of it exist.
   */
  private noRecords({ project }: StatusQuery, urn: string): StatusPage {
    this.names.find(urn, project);
    return { records: [], count: 0 };
  }
}
