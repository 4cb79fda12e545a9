import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import {
  epochMs,
  noProject,
  type Reject,
  type RejectCode,
  rejectCodes,
  rejectFunctionsMax,
  type RejectPlace,
  type RejectQuery,
  utcInstant,
} from '#contracts';
import { isUnlimited } from '#lifecycle';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { nextMarker, readMarker } from '../http/page-marker.ts';
import { limitQuery, type Query as QueryString, textQuery } from '../http/query.ts';
import { FunctionNames } from '../names/function-names.ts';
import { KnownFunctions } from './known-functions.ts';
import { rejectBounds, rejectOperations as operations } from './rejects.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

function rejectAnswer({ functionUrn, code, reason, at, origin, partition, offset }: Reject): Record<string, unknown> {
  return {
    function_urn: functionUrn,
    code,
    reason,
    rejected_time: utcInstant(at),
    // Rejects of earlier releases do not tell it.
    ...(origin.at === 0 ? {} : { produced_time: utcInstant(epochMs(origin.at)) }),
    partition: origin.partition,
    offset: origin.offset,
    reject_partition: partition,
    reject_offset: offset,
  };
}

function placeOf(marker: string): RejectPlace {
  const [at, partition, offset] = readMarker(marker, ['number', 'number', 'number']) as [number, number, number];
  return { at: epochMs(at), partition, offset };
}

/** Refused records of the Kafka door. */
@Controller('v2/:project/sendoff')
export class RejectsController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(KnownFunctions) private readonly known: KnownFunctions,
  ) {}

  @Operation(operations.list)
  @Get('rejects')
  async list(
    @Param('project') project: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    await this.known.check(caller, project, textQuery(query, 'function'));
    const question = this.question(project, query, caller);
    const isForNone = question.functionUrns?.length === 0;
    const { rejects, hasMore } = isForNone ? { rejects: [], hasMore: false } : await this.records.rejects(question);
    return {
      rejects: rejects.map(rejectAnswer),
      next_marker: nextMarker(rejects, hasMore, ({ at, partition, offset }) => [at, partition, offset]),
    };
  }

  private question(project: string, query: QueryString, caller: Caller): RejectQuery {
    const code = textQuery(query, 'code');
    if (code !== undefined && !rejectCodes.includes(code as RejectCode))
      throw new ApiError('FSS.1001', `code must be one of ${rejectCodes.join(', ')}`);
    const name = textQuery(query, 'function');
    const functionUrns = this.names.versionsFor(caller, project, name, rejectFunctionsMax);
    const marker = textQuery(query, 'marker');
    return {
      projects: isUnlimited(caller) && name === undefined ? [project, noProject] : [project],
      ...(functionUrns === undefined ? {} : { functionUrns }),
      ...(code === undefined ? {} : { code: code as RejectCode }),
      limit: limitQuery(query, rejectBounds.limitDefault, rejectBounds.limitMax),
      ...(marker === undefined ? {} : { after: placeOf(marker) }),
    };
  }
}
