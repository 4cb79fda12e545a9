import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { epochMs, type MinuteTally, noticeFunctionsMax, utcInstant } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { type Query as QueryString, textQuery, wholeQuery } from '../http/query.ts';
import { FunctionNames } from '../names/function-names.ts';
import { dueTimeBounds, dueTimeOperations as operations } from './due-times.operations.ts';
import { KnownFunctions } from './known-functions.ts';
import { wholeProject } from './ledger.controller.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

const { periodMinutesMax, periodMinutesDefault, spansMax } = dueTimeBounds;
const minuteMs = 60_000;
/** Longer than anything waits, and longer than anything that waits is valid. */
const horizonMs = 25 * 60 * minuteMs;

/** Counts the invocations that are due from `from` to before `to`. */
function dueWithin(minutes: readonly MinuteTally[], from: number, to: number): number {
  return minutes.reduce((sum, { minute, tally }) => (minute >= from && minute < to ? sum + tally.due : sum), 0);
}

function spansOf(minutes: readonly MinuteTally[], from: number, periodMinutes: number): readonly Record<string, unknown>[] {
  const spanMs = Math.ceil(periodMinutes / spansMax) * minuteMs;
  const spans = Array.from({ length: Math.ceil((periodMinutes * minuteMs) / spanMs) }, (_, at) => from + at * spanMs);
  return spans.map((begin) => ({
    from_time: utcInstant(epochMs(begin)),
    to_time: utcInstant(epochMs(begin + spanMs)),
    count: dueWithin(minutes, begin, begin + spanMs),
  }));
}

/** Shows when delayed invocations are due, by the counts that the store keeps of minutes. */
@Controller('v2/:project/sendoff')
export class DueTimesController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(KnownFunctions) private readonly known: KnownFunctions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.list)
  @Get('due-times')
  async list(
    @Param('project') project: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    const name = textQuery(query, 'function');
    await this.known.check(caller, project, name);
    const period = wholeQuery(query, 'period', 1, periodMinutesMax) ?? periodMinutesDefault;
    const functionUrns = this.names.versionsFor(caller, project, name, noticeFunctionsMax) ?? [wholeProject];
    const from = Math.floor(this.clock.now() / minuteMs) * minuteMs;
    const asked = { project, functionUrns, from: from - horizonMs, to: from + horizonMs };
    const minutes = functionUrns.length === 0 ? [] : await this.records.minutes(asked);
    const spans = spansOf(minutes, from, period);
    const counted = spans.reduce((sum, { count }) => sum + Number(count), 0);
    return {
      overdue: dueWithin(minutes, 0, from),
      later: dueWithin(minutes, from, Infinity) - counted,
      spans,
    };
  }
}
