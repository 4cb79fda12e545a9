import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import {
  deliveryStates,
  type DeliveryStatus,
  epochMs,
  noticeFunctionsMax,
  type Notice,
  type NoticePlace,
  type NoticeQuery,
  subscriptionOf,
  utcInstant,
} from '#contracts';
import { isUnlimited } from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { nextMarker, readMarker } from '../http/page-marker.ts';
import { FunctionNames } from '../names/function-names.ts';
import { TopicNames } from '../names/topic-names.ts';
import { Operation } from '../document/operation.ts';
import { boundedQuery, instantQuery, limitQuery, type Query as QueryString, textQuery } from '../http/query.ts';
import { KnownFunctions } from './known-functions.ts';
import { noticeBounds, noticeOperations as operations } from './notices.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

const { limitDefault, limitMax, targetLengthMax } = noticeBounds;

function noticeAnswer(notice: Notice): Record<string, unknown> {
  const { requestId, functionUrn, acceptedAt, deliveryId, state, tries, at, dueAt, reason, location } = notice;
  return {
    request_id: requestId,
    function_urn: functionUrn,
    accepted_time: utcInstant(acceptedAt),
    target: deliveryId,
    state,
    tries,
    reported_time: utcInstant(at),
    ...(dueAt === undefined ? {} : { next_due_time: utcInstant(dueAt) }),
    ...(reason === undefined ? {} : { reason }),
    ...(location === undefined ? {} : { location }),
  };
}

function placeOf(marker: string): NoticePlace {
  const [acceptedAt, requestId, deliveryId] = readMarker(marker, ['number', 'string', 'string']) as [number, string, string];
  return { acceptedAt: epochMs(acceptedAt), requestId, deliveryId };
}

/** Notifications of all functions, one entry for each delivery. */
@Controller('v2/:project/sendoff')
export class NoticesController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(KnownFunctions) private readonly known: KnownFunctions,
    @Inject(TopicNames) private readonly topics: TopicNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.list)
  @Get('notices')
  async list(
    @Param('project') project: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    await this.known.check(caller, project, textQuery(query, 'function'));
    const question = this.question(project, query, caller);
    const isForNone = question.functionUrns?.length === 0;
    const { notices, hasMore } = isForNone ? { notices: [], hasMore: false } : await this.records.notices(question);
    return {
      notices: notices.filter(({ deliveryId }) => this.isKnown(deliveryId, caller)).map(noticeAnswer),
      next_marker: nextMarker(notices, hasMore, ({ acceptedAt, requestId, deliveryId }) => [acceptedAt, requestId, deliveryId]),
    };
  }

  /** A subscription shows the address of a webhook: limited callers see those of their topics. */
  private isKnown(deliveryId: string, caller: Caller): boolean {
    const subscriptionUrn = subscriptionOf(deliveryId);
    return isUnlimited(caller) || subscriptionUrn === undefined || this.topics.knows(subscriptionUrn, caller);
  }

  private question(project: string, query: QueryString, caller: Caller): NoticeQuery {
    const state = textQuery(query, 'state');
    if (state !== undefined && !deliveryStates.includes(state as DeliveryStatus['state']))
      throw new ApiError('FSS.1001', `state must be one of ${deliveryStates.join(', ')}`);
    const deliveryId = boundedQuery(query, 'target', targetLengthMax);
    const functionUrns = this.names.versionsFor(caller, project, textQuery(query, 'function'), noticeFunctionsMax);
    const endAt = instantQuery(query, 'query_end_time');
    const limit = limitQuery(query, limitDefault, limitMax);
    const marker = textQuery(query, 'marker');
    return {
      project,
      states: state === undefined ? deliveryStates : [state as DeliveryStatus['state']],
      ...(deliveryId === undefined ? {} : { deliveryId }),
      ...(functionUrns === undefined ? {} : { functionUrns }),
      beginAt: instantQuery(query, 'query_begin_time') ?? epochMs(0),
      // The window ends with its last second, so add the rest of that second.
      endAt: endAt === undefined ? this.clock.now() : epochMs(endAt - (endAt % 1_000) + 999),
      limit,
      ...(marker === undefined ? {} : { after: placeOf(marker) }),
    };
  }
}
