import { functionCodes } from '../names/function-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { SimulationDto } from './simulation.dto.ts';

/** Operations on simulations of policies. */
export const simulationOperations = {
  simulate: {
    id: 'simulatePolicy',
    tag: 'Asynchronous configurations',
    right: 'read',
    reach: 'body',
    summary: 'Tells what a policy would do, by the rules of the services and random failures with a seed.',
    description:
      'Without `policy`, the policy of `function` is used. Without `model`, its records of the last 7 days are replayed. Each invocation ' +
      'arrives when it arrived. Its attempts are as late, as long and as successful as they were. Of attempts that were never made the ' +
      'records tell nothing: they fail as often as the recorded retries, which `model` shows. `records` is there only then: it tells what ' +
      'happened, and of how many attempts the records tell nothing. Of more than 5,000 records a sample is read, and ' +
      'each stands for `factor` invocations; counts are those of the sample. Nothing is invoked or stored.',
    body: {
      of: SimulationDto,
      example: {
        policy: { max_async_retry_attempts: 3, max_async_event_age_in_seconds: 600 },
        model: { failure_share: 1, duration_in_seconds: 0.1, arrivals_per_second: 1, invocations: 1 },
        seed: 1,
      },
    },
    answer: {
      status: 200,
      example: {
        policy: {
          max_async_retry_attempts: 3,
          max_async_event_age_in_seconds: 600,
          retry_wait_base_in_seconds: 0.5,
          retry_wait_max_in_seconds: 300.5,
        },
        model: {
          failure_share: 0.9,
          unavailable_share: 0.1,
          is_retryable: true,
          duration_in_seconds: 0.1,
          arrivals_per_second: 1.5,
          invocations: 1,
          outages: [],
        },
        succeeded: 0,
        conditions: { UnhandledInvocationError: 1 },
        attempts: 4,
        schedule: [
          { attempt: 1, started: 1, succeeded: 0, earliest_in_seconds: 0.1, mean_in_seconds: 0.2, latest_in_seconds: 0.3 },
        ],
        load: { interval_in_seconds: 1.5, arrivals: [1, 0, 0, 0, 0, 0], attempts: [2, 1, 0, 0, 0, 1] },
        end_in_seconds: 5.4,
        is_complete: true,
      },
    },
    codes: ['FSS.0429', 'FSS.0503', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
