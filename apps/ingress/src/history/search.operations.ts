import { conditions, searchNamesMax, statuses } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { inQuery, instant, limitInQuery } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';
import { tagParameter } from '../records/records.operations.ts';

/** Bounds of a search. */
export const searchBounds = {
  limitDefault: 50,
  limitMax: 500,
  /** Versions of functions in one search. */
  functionsMax: searchNamesMax,
  errorTextMax: 200,
  keyMax: 255,
  nameMax: 512,
  requestIdMax: 64,
} as const;

const { errorTextMax, keyMax, nameMax, requestIdMax } = searchBounds;
const text = (maxLength: number) => ({ type: 'string', maxLength }) as const;

/** Operations that search. */
export const searchOperations = {
  search: {
    id: 'searchInvocations',
    tag: 'Invocations',
    right: 'read',
    reach: 'list',
    summary: 'Finds invocations of all functions, newest first.',
    description:
      'A page looks at a bounded number of records, so it may be empty and not the last: go on until `next_marker` is empty. ' +
      '`searched_until` tells to which time of acceptance the page came. ' +
      'Without a function, a limited key searches in the versions that its functions have now.',
    parameters: [
      inQuery('function', text(nameMax), {
        description: 'Only this function: a URN or a name. Without a version: all versions that exist.',
        example: 'hello',
      }),
      inQuery(
        'status',
        { type: 'string' },
        { description: `Some of ${statuses.join(', ')}, separated by commas.`, example: 'FAIL' },
      ),
      inQuery(
        'condition',
        { type: 'string', enum: Object.keys(conditions) },
        { description: 'Only invocations that ended with this condition.' },
      ),
      inQuery('request_id', text(requestIdMax), { description: 'Only the invocation of this request id.' }),
      inQuery('idempotency_key', text(keyMax), {
        description: 'Only invocations of this idempotency key, for a day after them. Each function has keys of its own.',
      }),
      tagParameter,
      inQuery('error_text', text(errorTextMax), {
        description: 'A part of the error message. Capital and small letters of ASCII are alike.',
        example: 'no luck',
      }),
      inQuery('begin_time', instant, { description: 'The earliest acceptance, UTC.', example: '2026-11-25T09:00:00' }),
      inQuery('end_time', instant, { description: 'The latest acceptance, UTC.', example: '2026-11-25T10:00:00' }),
      limitInQuery(searchBounds),
      inQuery(
        'marker',
        { type: 'string', pattern: '^(\\d{1,15}-[A-Za-z0-9-]{1,64})?$' },
        { description: 'The begin of the page: the `next_marker` of the page before.' },
      ),
    ],
    answer: {
      status: 200,
      example: {
        invocations: [
          {
            function_urn: 'urn:fss:local:f0e1d2c3b4a5968778695a4b3c2d1e0f:function:default:hello:latest',
            condition: 'UnhandledInvocationError',
            request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
            status: 'FAIL',
            error_message: 'no luck',
            error_code: 4202,
            start_time: '2026-11-25T09:45:00',
            end_time: '2026-11-25T09:45:01',
            approximate_invoke_count: 1,
            deliveries: [],
          },
        ],
        next_marker: '1795599900000-1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
        searched_until: '2026-11-25T09:45:00.000Z',
      },
    },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
