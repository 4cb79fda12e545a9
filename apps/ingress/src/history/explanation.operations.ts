import type { OperationSpec } from '../document/operation.ts';
import { functionUrn } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';
import { requestIdInPath } from './invocation-in-path.ts';

/** Bounds of an explanation. */
export const explanationBounds = { logLinesMax: 100 } as const;

const { logLinesMax } = explanationBounds;

/** Operations that explain. */
export const explanationOperations = {
  explain: {
    id: 'explainInvocation',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Tells what happened to an invocation, and what it waits for now.',
    description:
      '`waits` is empty once the invocation and its notices are over. Each wait has its kind, words, and what would change it. ' +
      '`until` is its end at the latest; without it, `unknown_until` says what has to happen first. ' +
      'If an executor does not answer within 2 s, the words say so. ' +
      '`transitions` holds the first 16 and the last 48. `left_out_after` is there if some between them were left out. ' +
      `\`logs\` holds the last ${logLinesMax} lines.`,
    parameters: [functionUrn, requestIdInPath],
    answer: {
      status: 200,
      example: {
        invocation: {
          function_urn: 'urn:fss:local:f0e1d2c3b4a5968778695a4b3c2d1e0f:function:default:hello:latest',
          request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
          status: 'WAIT',
          error_message: 'no luck',
          error_code: 0,
          start_time: '2026-11-25T09:45:00',
          end_time: '',
          approximate_invoke_count: 1,
          next_due_time: '2026-11-25T09:45:02.000Z',
          deliveries: [],
        },
        valid_until: '2026-11-25T10:45:00.000Z',
        waits: [
          {
            waits_for: 'retry',
            words: 'Attempt 1 failed: no luck. Attempt 2 starts at the due time.',
            change: 'Mend the function before the due time, or cancel the invocation.',
            since: '2026-11-25T09:45:01.000Z',
            until: '2026-11-25T09:45:02.000Z',
          },
        ],
        transitions: [
          { service: 'ingress', time: '2026-11-25T09:45:00.000Z', kind: 'queued', attempt: 1 },
          {
            service: 'executor',
            time: '2026-11-25T09:45:01.000Z',
            kind: 'delayed',
            attempt: 2,
            error: 'no luck',
            due_time: '2026-11-25T09:45:02.000Z',
          },
        ],
        logs: [{ time: '2026-11-25T09:45:00.900Z', content: 'trying my luck', executor: 1 }],
        log_executors: [{ executor: 1, answered: true }],
      },
    },
    codes: ['FSS.0404', 'FSS.0503', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
