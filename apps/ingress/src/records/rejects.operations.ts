import { rejectCodes, rejectFunctionsMax } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { inQuery, limitInQuery, markerInQuery } from '../document/parameters.ts';
import { markerLengthMax } from '../http/page-marker.ts';
import { functionCodes } from '../names/function-codes.ts';

/** Bounds of a query for rejects. */
export const rejectBounds = { limitDefault: 100, limitMax: 500 } as const;

const reject = {
  function_urn: 'urn:fss:local:0d1c2b3a4e5f60718293a4b5c6d7e8f9:function:default:hello:latest',
  code: 'payload-too-large',
  reason: 'the event has 300000 bytes; at most 262144 are allowed',
  rejected_time: '2026-11-25T09:45:00.120Z',
  produced_time: '2026-11-25T09:45:00.000Z',
  partition: 3,
  offset: 1_204,
  reject_partition: 0,
  reject_offset: 17,
};

/** Operations on rejects. */
export const rejectOperations = {
  list: {
    id: 'listRejects',
    tag: 'Invocations',
    right: 'read',
    reach: 'list',
    summary: 'Lists refused records of the Kafka topic `intake`, newest first.',
    description:
      'A key for all functions also sees records that name no function, of all projects. `partition` and `offset` are those of the ' +
      'record in `intake`. `reject_partition` and `reject_offset` are those of its copy in `rejects`. ' +
      `A limited key for more than ${rejectFunctionsMax} versions must name a function.`,
    parameters: [
      inQuery(
        'function',
        { type: 'string' },
        {
          description: `Only records for this function, by any form of its URN. Without a version: \`latest\` and the published ones, ${rejectFunctionsMax} in all.`,
        },
      ),
      inQuery('code', { type: 'string', enum: [...rejectCodes, ''] }, { description: 'Only records refused for this reason.' }),
      limitInQuery(rejectBounds),
      markerInQuery(markerLengthMax),
    ],
    answer: { status: 200, example: { rejects: [reject], next_marker: '' } },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
