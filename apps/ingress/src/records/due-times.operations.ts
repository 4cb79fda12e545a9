import { noticeFunctionsMax } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { inQuery, wholeOrEmpty } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';

/** Bounds of a question for due times. Nothing waits for longer than a day. */
export const dueTimeBounds = { periodMinutesMax: 1_440, periodMinutesDefault: 60, spansMax: 60 } as const;

const { periodMinutesMax, periodMinutesDefault, spansMax } = dueTimeBounds;

/** The operation on due times of delayed invocations. */
export const dueTimeOperations = {
  list: {
    id: 'listDueTimes',
    tag: 'Invocations',
    right: 'read',
    reach: 'list',
    summary: 'Counts the delayed invocations by the time at which they are due.',
    description:
      `The period begins with the present minute and has at most ${spansMax} spans. \`overdue\` were due before it, \`later\` after it. ` +
      `A limited key counts its functions only. If they have more than ${noticeFunctionsMax} versions, it must name one.`,
    parameters: [
      inQuery(
        'function',
        { type: 'string' },
        { description: 'Only invocations of this function, by any form of its URN. Default: of all functions.' },
      ),
      inQuery('period', wholeOrEmpty(1, periodMinutesMax), {
        description: `The next so many minutes; ${periodMinutesDefault} by default.`,
        example: 60,
      }),
    ],
    answer: {
      status: 200,
      example: {
        overdue: 0,
        later: 12,
        spans: [{ from_time: '2026-11-25T09:45:00.000Z', to_time: '2026-11-25T09:46:00.000Z', count: 3 }],
      },
    },
    codes: ['FSS.0503', 'FSS.1001', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
