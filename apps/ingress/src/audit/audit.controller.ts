import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { epochMs, utcInstant } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { boundedQuery, instantQuery, limitQuery, type Query as QueryString, textQuery } from '../http/query.ts';
import { AuditLog } from './audit-log.ts';
import { auditBounds, auditOperations as operations } from './audit.operations.ts';

const { limitDefault, limitMax, textMax } = auditBounds;
/** Clocks of ingresses differ, so the newest acts may seem to be from the future. */
const dayMs = 86_400_000;

/** Shows who changed what. */
@Controller('v2/:project/sendoff/audit')
export class AuditController {
  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.list)
  @Get()
  async list(@Param('project') project: string, @Query() query: QueryString): Promise<Record<string, unknown>> {
    const limit = limitQuery(query, limitDefault, limitMax);
    const marker = textQuery(query, 'marker');
    if (marker !== undefined && !/^\d{1,18}$/.test(marker))
      throw new ApiError('FSS.1001', 'marker must be the next_marker of the page before');
    const { entries, below } = await this.log.read({
      project,
      ...text(query, 'by'),
      ...text(query, 'act'),
      ...text(query, 'object'),
      beginAt: instantQuery(query, 'begin_time') ?? epochMs(0),
      endAt: instantQuery(query, 'end_time') ?? epochMs(this.clock.now() + dayMs),
      ...(marker === undefined ? {} : { below: BigInt(marker) }),
      limit,
    });
    return {
      entries: entries.map(({ at, by, act, object, outcome, requestId }) => ({
        time: utcInstant(at),
        by,
        act,
        object,
        outcome,
        request_id: requestId,
      })),
      next_marker: below === undefined ? '' : String(below),
    };
  }
}

function text(query: QueryString, name: string): Record<string, string> {
  const value = boundedQuery(query, name, textMax);
  return value === undefined ? {} : { [name]: value };
}
