import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { type BacklogReport, conditions, endedOf, type MinuteTally, type Tally, type TallySum } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { type Query as QueryString, wholeQuery } from '../http/query.ts';
import { FunctionNames } from '../names/function-names.ts';
import { addTallies, functionPageOf, markerAfter } from './ledger.controller.ts';
import { periodMinutesDefault, periodMinutesMax, statisticsOperations as operations } from './statistics.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

const minuteMs = 60_000;
/** A longer period has points of several minutes each. */
const pointsMax = 60;
const rateMinutes = 5;

/** Counts the ends whose status or error code is one of these. */
function endsOf(tally: Tally, isMeant: (condition: (typeof conditions)[keyof typeof conditions]) => boolean): number {
  return Object.values(conditions)
    .filter(isMeant)
    .reduce((sum, { errorCode }) => sum + tally[`ended_${errorCode}` satisfies TallySum], 0);
}

/** A cancelled invocation ended as somebody wished, so it counts as no error. */
const canceledCode = conditions.InvocationCanceled.errorCode;

/** Each list of the answer, as a value of the counts of one point. */
const lists: Readonly<Record<string, (tally: Tally) => number>> = {
  count: endedOf,
  duration: ({ runs, run_ms: runMs }) => (runs === 0 ? 0 : Math.round(runMs / runs)),
  fail_count: (tally) => endsOf(tally, ({ errorCode }) => errorCode !== 0 && errorCode !== canceledCode),
  max_duration: ({ run_ms_max: max }) => max ?? 0,
  min_duration: ({ run_ms_min: min }) => min ?? 0,
  reject_count: (tally) => endsOf(tally, ({ status }) => status === 'DISCARD'),
  // Codes from 4500 are faults of the platform.
  function_error_count: (tally) =>
    endsOf(tally, ({ errorCode }) => errorCode > 0 && errorCode < 4_500 && errorCode !== canceledCode),
  system_error_count: (tally) => endsOf(tally, ({ errorCode }) => errorCode >= 4_500),
  cancel_count: (tally) => tally[`ended_${canceledCode}`],
};

/** One value for each point of a period, oldest first. */
function seriesOf(minutes: readonly MinuteTally[], from: number, to: number): Record<string, unknown> {
  const stepMs = Math.ceil((to - from) / minuteMs / pointsMax) * minuteMs;
  const points: { timestamp: number; tally: Tally }[] = [];
  for (let begin = from; begin < to; begin += stepMs) {
    const inside = minutes.filter(({ minute }) => minute >= begin && minute < begin + stepMs);
    points.push({ timestamp: begin, tally: addTallies(inside.map(({ tally }) => tally)) });
  }
  return Object.fromEntries(
    Object.entries(lists).map(([name, value]) => [
      name,
      points.map(({ timestamp, tally }) => ({ timestamp, value: value(tally) })),
    ]),
  );
}

/** The begin of each month that an option of the monthly report names, oldest first. */
function monthsOf(option: number, now: number): readonly number[] {
  const date = new Date(now);
  const back = [[0], [1], [2, 1, 0], [5, 4, 3, 2, 1, 0]][option] ?? [0];
  return back.map((months) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1));
}

function backlogAnswer({ functionUrn, tally, oldestAt, recent, drainMs, atRisk }: BacklogReport, now: number) {
  return {
    func_urn: functionUrn,
    delayed: tally.delayed,
    queued: tally.queued,
    running: tally.running,
    oldest_age_seconds: oldestAt === undefined ? 0 : Math.max(0, now - oldestAt) / 1_000,
    accepted_per_minute: recent.accepted / rateMinutes,
    ended_per_minute: recent.ended / rateMinutes,
    ...(drainMs === undefined ? {} : { drain_seconds: drainMs / 1_000 }),
    at_risk: atRisk,
    lateness: {
      starts: recent.starts,
      average_ms: recent.starts === 0 ? 0 : Math.round(recent.late_ms / recent.starts),
      max_ms: recent.late_ms_max ?? 0,
    },
  };
}

/**
 * Statistics of asynchronous invocations.
 * @see FunctionGraph API, function metrics
 */
@Controller('v2/:project')
export class StatisticsController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.ofProject)
  @Get('fgs/functions/statistics')
  async ofProject(@Param('project') project: string, @Query() query: QueryString): Promise<Record<string, unknown>> {
    const { filter = '' } = query;
    const option = wholeQuery(query, 'option', 0, 3) ?? 0;
    if (filter === 'monthly_report') return this.monthly(project, option);
    if (filter !== 'monitor_data') throw new ApiError('FSS.1001', 'filter must be monitor_data or monthly_report');
    const period = wholeQuery(query, 'period', 1, periodMinutesMax) ?? periodMinutesDefault;
    return { statistics: await this.series(project, [''], period) };
  }

  @Operation(operations.ofFunction)
  @Get('fgs/functions/:urn/statistics/:period')
  async ofFunction(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Param('period') period: string,
  ): Promise<Record<string, unknown>> {
    this.names.find(urn, project);
    const minutes = wholeQuery({ period }, 'period', 1, periodMinutesMax) ?? periodMinutesDefault;
    return this.series(project, this.names.versionsNamed(urn, project), minutes);
  }

  @Operation(operations.slaReports)
  @Get('fgs/functions/:urn/slareports/:period')
  async slaReports(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Param('period') period: string,
  ): Promise<Record<string, unknown>> {
    return this.ofFunction(project, urn, period);
  }

  @Operation(operations.backlogs)
  @Get('sendoff/statistics')
  async backlogs(
    @Param('project') project: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    const page = functionPageOf(query);
    const reports = await this.records.backlogs({ project, ...page });
    const isKnown = ({ functionUrn }: BacklogReport) => this.names.knows(functionUrn, project, caller);
    const now = this.clock.now();
    return {
      functions: reports.filter(isKnown).map((report) => backlogAnswer(report, now)),
      next_marker: markerAfter(reports, page.limit),
    };
  }

  /** The minute that has not ended yet is the last one. */
  private async series(project: string, functionUrns: readonly string[], period: number): Promise<Record<string, unknown>> {
    const to = (Math.floor(this.clock.now() / minuteMs) + 1) * minuteMs;
    const from = to - period * minuteMs;
    return seriesOf(await this.records.minutes({ project, functionUrns, from, to }), from, to);
  }

  private async monthly(project: string, option: number): Promise<Record<string, unknown>> {
    const now = this.clock.now();
    const months = monthsOf(option, now);
    const count: { date: string; value: number }[] = [];
    for (const from of months) {
      const date = new Date(from);
      const to = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      const minutes = await this.records.minutes({ project, functionUrns: [''], from, to });
      count.push({
        date: date.toISOString().slice(0, 7),
        value: minutes.reduce((sum, { tally }) => sum + endedOf(tally), 0),
      });
    }
    return { count, gbs: [] };
  }
}
