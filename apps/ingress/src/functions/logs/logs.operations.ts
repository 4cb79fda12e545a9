import { functionCodes } from '../../names/function-codes.ts';
import type { OperationSpec } from '../../document/operation.ts';
import { functionUrn, inQuery, limitInQuery } from '../../document/parameters.ts';

/** Bounds of a page of a log. */
export const logBounds = { limitDefault: 100, limitMax: 500, requestIdLengthMax: 64 } as const;

const { requestIdLengthMax } = logBounds;

/** Operations on logs of functions. */
export const logOperations = {
  read: {
    id: 'readFunctionLog',
    tag: 'Functions',
    right: 'read',
    reach: 'function',
    summary: 'Shows the output and the errors of a function, newest first.',
    description:
      'All versions of a function share one log. `executors` shows which executors answered, one entry for each executor that was found. ' +
      'The lines of an executor without an answer are missing. A page may be empty and not the last.',
    parameters: [
      functionUrn,
      inQuery('request_id', { type: 'string', maxLength: requestIdLengthMax }, { description: 'Only lines of this request.' }),
      limitInQuery(logBounds, 'lines '),
      inQuery(
        'marker',
        { type: 'string', pattern: '^(\\d{1,15}-\\d{1,5})?$' },
        {
          description: 'The begin of the page: the `next_marker` of the page before.',
        },
      ),
    ],
    answer: {
      status: 200,
      example: {
        logs: [
          {
            time: '2026-11-25T09:45:00.000Z',
            request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
            content: 'hello world',
            executor: 1,
          },
        ],
        executors: [{ executor: 1, answered: true }],
        next_marker: '1795599900000-1',
      },
    },
    codes: [...functionCodes, 'FSS.0503', 'FSS.1001'],
  },
} as const satisfies Record<string, OperationSpec>;
