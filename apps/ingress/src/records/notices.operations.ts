import { deliveryStates, noticeFunctionsMax } from '#contracts';
import { functionCodes } from '../names/function-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { inQuery, instant, limitInQuery, markerInQuery } from '../document/parameters.ts';
import { markerLengthMax } from '../http/page-marker.ts';

/** Bounds of a query for notices. */
export const noticeBounds = {
  limitDefault: 100,
  limitMax: 500,
  targetLengthMax: 1_100,
} as const;

const { targetLengthMax } = noticeBounds;

const notice = {
  request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
  function_urn: 'urn:fss:local:0d1c2b3a4e5f60718293a4b5c6d7e8f9:function:default:hello:latest',
  accepted_time: '2026-11-25T09:45:00.000Z',
  target: 'OBS:results/',
  state: 'pending',
  tries: 1,
  reported_time: '2026-11-25T09:45:02.000Z',
  next_due_time: '2026-11-25T09:45:32.000Z',
  reason: 'no answer: ECONNREFUSED',
};

/** Operations on notices. */
export const noticeOperations = {
  list: {
    id: 'listNotices',
    tag: 'Notices',
    right: 'read',
    reach: 'list',
    summary: 'Lists the notifications of invocations, those of the newest invocation first.',
    description: `A limited key sees notices of its functions only. If they have more than ${noticeFunctionsMax} versions, it must name one.`,
    parameters: [
      inQuery(
        'function',
        { type: 'string' },
        {
          description: `Only notices of this function, by any form of its URN. Without a version: of \`latest\` and the published ones, ${noticeFunctionsMax} in all.`,
        },
      ),
      inQuery('state', { type: 'string', enum: [...deliveryStates, ''] }, { description: 'Only notices in this state.' }),
      inQuery(
        'target',
        { type: 'string', maxLength: targetLengthMax },
        { description: 'Only notices for this target: its kind and name, as the list shows it.', example: 'OBS:results/' },
      ),
      inQuery('query_begin_time', instant, {
        description: 'The earliest acceptance of the invocation, UTC. Default: no limit.',
        example: '2026-11-25T09:00:00',
      }),
      inQuery('query_end_time', instant, {
        description: 'The latest acceptance of the invocation, UTC. Default: now.',
        example: '2026-11-25T10:00:00',
      }),
      limitInQuery(noticeBounds),
      markerInQuery(markerLengthMax),
    ],
    answer: { status: 200, example: { notices: [notice], next_marker: '' } },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
