import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { utcInstant } from '#contracts';
import { Operation } from '../../document/operation.ts';
import { ApiError } from '../../http/api-error.ts';
import { limitQuery, type Query as QueryString, textQuery } from '../../http/query.ts';
import { FunctionNames } from '../../names/function-names.ts';
import { FUNCTION_LOGS, type FunctionLogs } from './function-logs.ts';
import { mergeLogPages, readMarker } from './log-page.ts';
import { logBounds, logOperations as operations } from './logs.operations.ts';

const { limitDefault, limitMax, requestIdLengthMax } = logBounds;

/** An operation of Sendoff itself: FunctionGraph shows logs in its log service only. */
@Controller('v2/:project/sendoff/functions/:urn')
export class LogsController {
  constructor(
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(FUNCTION_LOGS) private readonly logs: FunctionLogs,
  ) {}

  @Operation(operations.read)
  @Get('logs')
  async read(@Param('project') project: string, @Param('urn') urn: string, @Query() query: QueryString) {
    const { function: fn } = this.names.find(urn, project);
    const limit = limitQuery(query, limitDefault, limitMax);
    const requestId = textQuery(query, 'request_id') ?? '';
    if (requestId.length > requestIdLengthMax)
      throw new ApiError('FSS.1001', `request_id has at most ${requestIdLengthMax} characters`);
    const markerText = textQuery(query, 'marker') ?? '';
    const marker = markerText === '' ? { skip: 0 } : readMarker(markerText);
    if (marker === undefined) throw new ApiError('FSS.1001', 'marker must be the next_marker of a page');
    const pages = await this.logs.read({
      project: fn.project,
      package: fn.package,
      name: fn.name,
      limit: limit + marker.skip,
      ...(requestId === '' ? {} : { requestId }),
      ...(marker.until === undefined ? {} : { until: marker.until }),
    });
    if (pages.every((page) => page === undefined)) throw new ApiError('FSS.0503', 'no executor shows its logs just now', 1);
    const { lines, next } = mergeLogPages(pages, marker, limit);
    return {
      logs: lines.map(({ at, requestId: id, text, executor }) => ({
        time: utcInstant(at),
        request_id: id === '-' ? '' : id,
        content: text,
        executor,
      })),
      executors: pages.map((page, index) => ({ executor: index + 1, answered: page !== undefined })),
      next_marker: next === undefined ? '' : `${next.until}-${next.skip}`,
    };
  }
}
