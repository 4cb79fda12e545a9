import { invocationTagPattern, statuses } from '#contracts';
import { functionCodes } from '../names/function-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { functionUrn, inQuery, instant, limitInQuery, type Parameter, wholeOrEmpty } from '../document/parameters.ts';

/** Bounds of a query for records. */
export const recordBounds = {
  limitDefault: 100,
  limitMax: 500,
  requestsMax: 10,
  requestIdLengthMax: 64,
  markerMax: 10_000_000,
} as const;

const { requestsMax, requestIdLengthMax, markerMax } = recordBounds;

/** The tag by which invocations are found. */
export const tagParameter = inQuery(
  'tag',
  { type: 'string', pattern: `(?:${invocationTagPattern.source})|^$` },
  { description: 'Only invocations with this tag of `X-Sendoff-Tags`.', example: 'nightly' },
);

const common: readonly Parameter[] = [
  functionUrn,
  inQuery('status', { type: 'string', enum: [...statuses] }, { description: 'Only records of this status.' }),
  tagParameter,
  inQuery('query_begin_time', instant, {
    description: 'The earliest acceptance, UTC. Default: one hour ago, or no limit if a request is named.',
    example: '2026-11-25T09:00:00',
  }),
  inQuery('query_end_time', instant, {
    description: 'The latest acceptance, UTC. Default: now.',
    example: '2026-11-25T10:00:00',
  }),
  limitInQuery(recordBounds),
  inQuery('marker', wholeOrEmpty(0, markerMax), {
    description: 'How many records to skip: the `next_marker` of the page before.',
    example: 0,
  }),
];

const settled = {
  request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
  status: 'SUCCESS',
  error_message: '',
  error_code: 0,
  start_time: '2026-11-25T09:45:00',
  end_time: '2026-11-25T09:45:01',
  approximate_invoke_count: 1,
  tags: ['nightly', 'shop:7'],
  deliveries: [{ delivery_id: 'on_success', state: 'delivered', tries: 1, location: 'results/hello/2026/11/25/1f0d6a3e.json' }],
};

const waiting = {
  request_id: '8a4c2f6e-1d3b-4e7a-9c5f-0b2d4f6a8c1e',
  status: 'WAIT',
  error_message: 'no luck',
  error_code: 4202,
  start_time: '2026-11-25T09:45:00',
  end_time: '',
  approximate_invoke_count: 1,
  next_due_time: '2026-11-25T09:45:02.000Z',
  deliveries: [],
};

/** Operations on records. */
export const recordOperations = {
  list: {
    id: 'listAsyncInvocations',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Lists records of the asynchronous invocations of a function, newest first.',
    parameters: [
      ...common,
      inQuery(
        'request_id',
        { type: 'string', maxLength: requestIdLengthMax },
        { description: 'Only the record of this request id.' },
      ),
    ],
    answer: { status: 200, example: { invocations: [settled], count: 1, next_marker: 0 } },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
  listActive: {
    id: 'listActiveAsyncInvocations',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Lists records of the asynchronous invocations that wait or run, newest first.',
    parameters: [
      ...common,
      inQuery(
        'requests',
        { type: 'string' },
        { description: `Only records of these request ids, at most ${requestsMax}, separated by commas.` },
      ),
    ],
    answer: { status: 200, example: { invocations: [waiting], count: 1, next_marker: 0 } },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
