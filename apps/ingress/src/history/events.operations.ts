import { statuses } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { inHeader, inQuery } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';

/** Bounds of the events of one ingress. */
export const eventBounds = {
  /** Clients at once. */
  clientsMax: 100,
  /** Bytes that wait for one client. */
  bytesMax: 262_144,
  /** A stream ends then, and its client comes again. So its rights are checked again. */
  lastsMs: 300_000,
  heartbeatMs: 15_000,
  /** Characters of the filters. */
  functionLengthMax: 512,
  requestIdLengthMax: 64,
} as const;

const { clientsMax, lastsMs, heartbeatMs, functionLengthMax, requestIdLengthMax } = eventBounds;

/** Operations that show events. */
export const eventOperations = {
  events: {
    id: 'followEvents',
    tag: 'Invocations',
    right: 'read',
    reach: 'list',
    summary: 'Shows transitions of invocations as server-sent events, as they are stored.',
    description:
      'Events: `transition` tells what happened, `gap` tells that transitions were missed, `open` tells that what follows is live. ' +
      'Without `Accept: text/event-stream` the answer ends at once, after what came since `Last-Event-ID`. ' +
      `A stream ends after ${lastsMs / 1_000} s, and a comment comes every ${heartbeatMs / 1_000} s. At most ${clientsMax} clients follow one ingress.`,
    parameters: [
      inQuery(
        'function',
        { type: 'string', maxLength: functionLengthMax },
        { description: 'Only this function: a URN or a name.' },
      ),
      inQuery('status', { type: 'string', enum: [...statuses] }, { description: 'Only transitions to this status.' }),
      inQuery('request_id', { type: 'string', maxLength: requestIdLengthMax }, { description: 'Only this invocation.' }),
      inHeader(
        'Last-Event-ID',
        { type: 'string', pattern: '^([a-z0-9-]{1,64}:\\d{1,15}(,[a-z0-9-]{1,64}:\\d{1,15}){0,15})?$' },
        { description: 'The id of the last event: the stream goes on after it.' },
      ),
    ],
    answer: {
      status: 200,
      mediaType: 'text/event-stream',
      example: 'event: open\nid: 6b1f:17\ndata: {}\n\n',
    },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
