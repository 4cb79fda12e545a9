import type { OperationSpec } from '../document/operation.ts';
import { inQuery, instant, limitInQuery } from '../document/parameters.ts';

/** Bounds of a question for acts. */
export const auditBounds = { limitDefault: 50, limitMax: 500, textMax: 512 } as const;

const { textMax } = auditBounds;
const text = { type: 'string', maxLength: textMax } as const;

/** Operations of the audit log. */
export const auditOperations = {
  list: {
    id: 'listAuditEntries',
    tag: 'Audit log',
    right: 'manage',
    reach: 'project',
    shownWithoutRead: ['entries', 'next_marker'],
    summary: 'Lists acts that changed something, or were refused, newest first.',
    description:
      'Kept for 90 days. The outcome is `done`, an error code, or `begun`: the act is under way, or its ingress ended within it. ' +
      'Each act that needs the right `manage` is one, also canceling an invocation, but not publishing a message. ' +
      'A page looks at a bounded number of acts, so it may be empty and not the last: go on until `next_marker` is empty.',
    parameters: [
      inQuery('by', text, { description: 'Only acts of this access key, or of the `token`.', example: 'token' }),
      inQuery('act', text, { description: 'Only this operation, by its id.', example: 'pauseFunction' }),
      inQuery('object', text, { description: 'A part of the names of what was changed.', example: 'hello' }),
      inQuery('begin_time', instant, { description: 'The earliest act, UTC.' }),
      inQuery('end_time', instant, { description: 'The latest act, UTC.' }),
      limitInQuery(auditBounds),
      inQuery(
        'marker',
        { type: 'string', pattern: '^(\\d{1,18})?$' },
        { description: 'The begin of the page: the `next_marker` of the page before.' },
      ),
    ],
    answer: {
      status: 200,
      example: {
        entries: [
          {
            time: '2026-11-25T09:45:00.000Z',
            by: 'token',
            act: 'pauseFunction',
            object: 'hello',
            outcome: 'done',
            request_id: '7c2f1d9e-0b3a-4e5d-8f6c-1a2b3c4d5e6f',
          },
        ],
        next_marker: '1204',
      },
    },
    codes: ['FSS.0503', 'FSS.1001'],
  },
} as const satisfies Record<string, OperationSpec>;
