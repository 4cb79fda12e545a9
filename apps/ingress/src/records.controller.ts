import { Controller, createParamDecorator, type ExecutionContext, Get, Inject, Param, Query } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { epochMs, type Status, type StatusQuery, type StatusRecord, utcText } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { ApiError } from './api-error.ts';
import type { FunctionNames } from './function-names.ts';
import { Operation } from './operation.ts';
import { instantQuery, type Query as QueryString, wholeQuery } from './query.ts';
import { recordBounds, recordOperations as operations, statuses } from './records.operations.ts';
import type { StatusRecords } from './status-records.ts';
import { FUNCTION_NAMES, STATUS_RECORDS } from './tokens.ts';

const active: readonly Status[] = ['WAIT', 'RUNNING'];
const { limitDefault, limitMax, requestsMax, markerMax } = recordBounds;
const hourMs = 3_600_000;

/** `YYYY-MM-DDTHH:mm:ss`, UTC, without a zone; empty where there is no such instant yet. */
function plainUtc(at: number | undefined): string {
  return at === undefined ? '' : utcText(epochMs(at)).slice(0, 19);
}

/** A record as the API shows it. `start_time` is acceptance: it is there for every record, and it is what the window is over. */
function recordAnswer(record: StatusRecord): Record<string, unknown> {
  return {
    request_id: record.requestId,
    status: record.status,
    error_message: record.errorMessage,
    error_code: record.errorCode,
    start_time: plainUtc(record.acceptedAt),
    end_time: plainUtc(record.endedAt),
    approximate_invoke_count: record.attempts,
    ...(record.dueAt === undefined ? {} : { next_due_time: `${utcText(record.dueAt)}Z` }),
    deliveries: record.deliveries.map(({ deliveryId, state, tries, dueAt, reason, location }) => ({
      delivery_id: deliveryId,
      state,
      tries,
      ...(dueAt === undefined ? {} : { next_due_time: `${utcText(dueAt)}Z` }),
      ...(reason === undefined ? {} : { reason }),
      ...(location === undefined ? {} : { location }),
    })),
  };
}

/** What the client calls itself; no parameter of the operation. */
const UserAgent = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().headers['user-agent'],
);

/** Terraform's provider reads `next_marker` as text, and ends on the number that is documented as soon as a page is full. */
function readsMarkersAsText(userAgent: string | undefined): boolean {
  return userAgent?.includes('terraform-provider-') === true;
}

/** Records of invocations. @see FunctionGraph API, asynchronous invocation records */
@Controller('v2/:project/fgs/functions/:urn')
export class RecordsController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FUNCTION_NAMES) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.list)
  @Get('async-invocations')
  async list(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: QueryString,
    @UserAgent() userAgent?: string,
  ): Promise<Record<string, unknown>> {
    const { request_id: requestId } = query;
    const only = requestId === undefined || requestId === '' ? {} : { requestIds: [requestId.slice(0, 64)] };
    return this.answer({ ...this.common(project, urn, query, statuses), ...only }, userAgent);
  }

  @Operation(operations.listActive)
  @Get('active-async-invocations')
  async listActive(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: QueryString,
    @UserAgent() userAgent?: string,
  ): Promise<Record<string, unknown>> {
    const requestIds = (query['requests'] ?? '').split(',').filter((requestId) => requestId !== '');
    if (requestIds.length > requestsMax || requestIds.some(({ length }) => length > 64))
      throw new ApiError('FSS.1001', `requests may name ${requestsMax} request ids, separated by commas`);
    const asked = this.common(project, urn, query, active);
    const isOver = !asked.statuses.some((status) => active.includes(status));
    if (isOver) return { invocations: [], count: 0, next_marker: 0 };
    return this.answer({ ...asked, ...(requestIds.length === 0 ? {} : { requestIds }) }, userAgent);
  }

  private common(
    project: string,
    urn: string,
    query: QueryString,
    byDefault: readonly Status[],
  ): StatusQuery & { readonly statuses: readonly Status[] } {
    const functionUrns = this.names.versionsNamed(urn, project);
    const now = this.clock.now();
    const { status } = query;
    if (status !== undefined && status !== '' && !statuses.includes(status as Status))
      throw new ApiError('FSS.1001', `status must be one of ${statuses.join(', ')}`);
    // Who names the request wants to find it, however old it is.
    const beginsAt = query['request_id'] === undefined || query['request_id'] === '' ? Math.max(0, now - hourMs) : 0;
    const beginAt = instantQuery(query, 'query_begin_time') ?? epochMs(beginsAt);
    const endAt = instantQuery(query, 'query_end_time') ?? now;
    const asked = wholeQuery(query, 'limit', 0, Number.MAX_SAFE_INTEGER) ?? limitDefault;
    return {
      project,
      functionUrns,
      statuses: status === undefined || status === '' ? byDefault : [status as Status],
      beginAt,
      // A query's second is a whole one: what began within it belongs to it.
      endAt: query['query_end_time'] === undefined ? endAt : epochMs(endAt + 999),
      offset: wholeQuery(query, 'marker', 0, markerMax) ?? 0,
      limit: asked === 0 ? limitDefault : Math.min(asked, limitMax),
    };
  }

  private async answer(query: StatusQuery, userAgent: string | undefined): Promise<Record<string, unknown>> {
    const { records, count } = await this.records.query(query);
    const next = query.offset + records.length;
    const marker = next < count ? next : 0;
    return {
      invocations: records.map(recordAnswer),
      count,
      next_marker: readsMarkersAsText(userAgent) ? String(marker) : marker,
    };
  }
}
