import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import {
  conditionOfCode,
  conditions,
  epochMs,
  type InvocationSearch,
  isCondition,
  parseFunctionUrn,
  readSearchMarker,
  type Status,
  statuses,
  utcInstant,
} from '#contracts';
import { mayUse } from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { boundedQuery, instantQuery, limitQuery, type Query as QueryString, tagQuery, textQuery } from '../http/query.ts';
import { IdempotencyKeys } from '../invocations/idempotency-keys.ts';
import { FunctionNames } from '../names/function-names.ts';
import { type Home, HOME } from '../names/home.ts';
import { TopicNames } from '../names/topic-names.ts';
import { KnownFunctions } from '../records/known-functions.ts';
import { knownTo, recordAnswer } from '../records/record-answer.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';
import { searchBounds, searchOperations as operations } from './search.operations.ts';

const { limitDefault, limitMax, functionsMax, errorTextMax, keyMax, nameMax, requestIdMax } = searchBounds;
/** Clocks of ingresses differ, so the newest invocations may seem to be from the future. */
const dayMs = 86_400_000;

/** Finds invocations of all functions of the caller. */
@Controller('v2/:project/sendoff/invocations')
export class SearchController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(KnownFunctions) private readonly known: KnownFunctions,
    @Inject(TopicNames) private readonly topics: TopicNames,
    @Inject(IdempotencyKeys) private readonly keys: IdempotencyKeys,
    @Inject(HOME) private readonly home: Home,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.search)
  @Get()
  async search(@Param('project') project: string, @Query() query: QueryString, @CalledBy() caller: Caller) {
    await this.known.check(caller, project, boundedQuery(query, 'function', nameMax));
    const search = await this.searchOf(project, query, caller);
    const { records, next } = search === undefined ? { records: [], next: undefined } : await this.records.search(search);
    const isKnown = knownTo(caller, this.topics);
    const searchedUntil = next === undefined ? undefined : readSearchMarker(next)?.acceptedAt;
    return {
      invocations: records
        .filter(({ functionUrn }) => this.mayRead(caller, functionUrn))
        .map((record) => ({
          function_urn: record.functionUrn,
          condition: record.endedAt === undefined ? '' : (conditionOfCode(record.errorCode) ?? ''),
          ...recordAnswer(record, isKnown),
        })),
      next_marker: next ?? '',
      searched_until: searchedUntil === undefined ? '' : utcInstant(searchedUntil),
    };
  }

  /** A second check: the search names only functions of the caller. */
  private mayRead(caller: Caller, urn: string): boolean {
    const parsed = parseFunctionUrn(urn, this.home);
    return parsed !== undefined && mayUse(caller, parsed);
  }

  /** Returns undefined if nothing can match. */
  private async searchOf(project: string, query: QueryString, caller: Caller): Promise<InvocationSearch | undefined> {
    const marker = textQuery(query, 'marker');
    if (marker !== undefined && readSearchMarker(marker) === undefined)
      throw new ApiError('FSS.1001', 'marker must be the next_marker of a page');
    const limit = limitQuery(query, limitDefault, limitMax);
    const errorText = boundedQuery(query, 'error_text', errorTextMax);
    const functionUrns = this.names.versionsFor(caller, project, boundedQuery(query, 'function', nameMax), functionsMax);
    const requestIds = await this.requestsOf(project, query, caller);
    const tag = tagQuery(query);
    const search: InvocationSearch = {
      project,
      ...conditionFilter(textQuery(query, 'condition')),
      ...statusFilter(textQuery(query, 'status')),
      ...(tag === undefined ? {} : { tag }),
      ...(functionUrns === undefined ? {} : { functionUrns }),
      ...(requestIds === undefined ? {} : { requestIds }),
      ...(errorText === undefined ? {} : { errorText }),
      beginAt: instantQuery(query, 'begin_time') ?? epochMs(0),
      endAt: instantQuery(query, 'end_time') ?? epochMs(this.clock.now() + dayMs),
      ...(marker === undefined ? {} : { marker }),
      limit,
    };
    return functionUrns?.length === 0 || requestIds?.length === 0 ? undefined : search;
  }

  private async requestsOf(project: string, query: QueryString, caller: Caller): Promise<readonly string[] | undefined> {
    const requestId = boundedQuery(query, 'request_id', requestIdMax);
    const key = boundedQuery(query, 'idempotency_key', keyMax);
    if (key === undefined) return requestId === undefined ? undefined : [requestId];
    const name = textQuery(query, 'function');
    const functions = name === undefined ? this.names.usableBy(caller, project) : [this.names.find(name, project).function];
    const found = await this.keys.requestIdsOf(functions, key);
    if (found.length > functionsMax)
      throw new ApiError('FSS.1001', `more than ${functionsMax} functions have the idempotency key: name a function`);
    return requestId === undefined ? found : found.filter((id) => id === requestId);
  }
}

function statusFilter(text: string | undefined): Pick<InvocationSearch, 'statuses'> {
  if (text === undefined) return {};
  const list = text.split(',');
  if (list.length > statuses.length || !list.every((status) => statuses.includes(status as Status)))
    throw new ApiError('FSS.1001', `status must be some of ${statuses.join(', ')}, separated by commas`);
  return { statuses: list as Status[] };
}

function conditionFilter(text: string | undefined): Pick<InvocationSearch, 'errorCode'> {
  if (text === undefined) return {};
  if (!isCondition(text)) throw new ApiError('FSS.1001', `condition must be one of ${Object.keys(conditions).join(' ').trim()}`);
  return { errorCode: conditions[text].errorCode };
}
