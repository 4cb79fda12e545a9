import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, functionUrn, inPath, inQuery, whole, wholeOrEmpty } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';
import { functionPageParameters } from './ledger.operations.ts';

/** The longest period of statistics: a week, in minutes. */
export const periodMinutesMax = 10_080;
/** The period of statistics that name none, in minutes. */
export const periodMinutesDefault = 60;

const period = inPath('period', whole(1, periodMinutesMax), { description: 'The last so many minutes.', example: 60 });
const points = [{ timestamp: 1_795_600_000_000, value: 12 }];
const series = {
  count: points,
  duration: points,
  fail_count: points,
  max_duration: points,
  min_duration: points,
  reject_count: points,
  function_error_count: points,
  system_error_count: points,
  cancel_count: points,
};
const description =
  'An invocation counts in the minute in which it ended. Durations are those of the last attempt, in milliseconds. ' +
  '`fail_count` is the sum of `function_error_count` and `system_error_count`; `reject_count` counts those that were discarded, ' +
  "which are system errors. `cancel_count` is Sendoff's own: a cancelled invocation is no error, and it is in `count`. " +
  'Synchronous calls leave no record, so they do not count: the metric `sendoff_sync_call_seconds` counts them.';

/** FunctionGraph's operations on statistics, and Sendoff's own. */
export const statisticsOperations = {
  ofFunction: {
    id: 'listFunctionStatistics',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Shows how the asynchronous invocations of a function ended in the last minutes.',
    description,
    parameters: [functionUrn, period],
    answer: { status: 200, example: series },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
  slaReports: {
    id: 'showFunctionMetrics',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Shows the same statistics of a function, under the name that other clients use.',
    description,
    parameters: [functionUrn, period],
    answer: { status: 200, example: series },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
  ofProject: {
    id: 'listStatistics',
    tag: 'Invocations',
    right: 'read',
    reach: 'project',
    summary: 'Shows how the asynchronous invocations of all functions ended.',
    description:
      `${description} ` +
      '`monitor_data` shows the last minutes, `monthly_report` the count of each month. Counts go back as far as records are kept. ' +
      'Sendoff bills nothing, so `gbs` is empty.',
    parameters: [
      inQuery(
        'filter',
        { type: 'string', enum: ['monitor_data', 'monthly_report'] },
        { description: 'Which statistics to show.', example: 'monitor_data' },
      ),
      inQuery('period', wholeOrEmpty(1, periodMinutesMax), {
        description: `Of \`monitor_data\`: the last so many minutes; by default ${periodMinutesDefault}.`,
        example: 60,
      }),
      inQuery('option', wholeOrEmpty(0, 3), {
        description: 'Of `monthly_report`: 0 this month, 1 the last one, 2 the last three, 3 the last six.',
      }),
    ],
    answer: { status: 200, example: { statistics: series } },
    codes: ['FSS.0503', 'FSS.1001'],
  },
  backlogs: {
    id: 'listBacklogs',
    tag: 'Invocations',
    right: 'read',
    reach: 'list',
    summary: 'Shows what waits for each function, how long it will take, and what will expire before its turn.',
    description:
      'The present rate is that of the last five whole minutes. `drain_seconds` is absent if something waits and nothing ends. ' +
      '`queued` are due: they are the runnable ones, and those that wait for the limit of their function.',
    parameters: [...functionPageParameters],
    answer: {
      status: 200,
      example: {
        functions: [
          {
            func_urn: `urn:fss:local:${exampleProject}:function:default:hello:latest`,
            delayed: 1,
            queued: 240,
            running: 8,
            oldest_age_seconds: 31.5,
            accepted_per_minute: 100.2,
            ended_per_minute: 120.4,
            drain_seconds: 119.6,
            at_risk: 0,
            lateness: { starts: 41, average_ms: 8.5, max_ms: 190 },
          },
        ],
        next_marker: '',
      },
    },
    codes: ['FSS.0503', 'FSS.1001'],
  },
} as const satisfies Record<string, OperationSpec>;
