import type { OperationSpec } from '../document/operation.ts';
import { inPath, inQuery, markerInQuery, wholeOrEmpty } from '../document/parameters.ts';
import { noticeBounds } from './notices.operations.ts';

/** The most targets on one page. */
export const targetsMax = 100;

/** Bounds of tests of targets. A notifier tries for 15 s by default. */
export const targetTestBounds = { waitMs: 20_000, atOnceMax: 20 } as const;

const { targetLengthMax } = noticeBounds;

const target = inPath(
  'target',
  { type: 'string', minLength: 1, maxLength: targetLengthMax },
  { description: 'The target as the list shows it: its kind and name, with `/` as `%2F`.', example: 'DIS:orders' },
);

/** Operations on targets of notifications. */
export const targetOperations = {
  list: {
    id: 'listTargets',
    tag: 'Notices',
    right: 'read',
    reach: 'project',
    summary: 'Lists the targets of notifications, with their open notices and the state of their circuit breaker.',
    description:
      '`circuit` is `closed`, `open` or `half-open`, and `open_until` tells when an open one lets a probe pass. ' +
      'Each notifier has a breaker of its own; the list shows the one that changed last. `failures` counts those since the last success, of all notifiers. ' +
      'A target that is `switched_off` gets no notice until somebody enables it. One that is `removed` no longer exists: only its notices do.',
    parameters: [
      inQuery('limit', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
        description: `How many to show; 0 or more than ${targetsMax} is ${targetsMax}.`,
        example: 10,
      }),
      markerInQuery(targetLengthMax),
    ],
    answer: {
      status: 200,
      example: {
        targets: [
          {
            target: 'OBS:results/',
            pending: 3,
            undelivered: 0,
            circuit: 'open',
            failures: 12,
            switched_off: false,
            removed: false,
            failing_since: '2026-11-25T09:40:00.000Z',
            open_until: '2026-11-25T09:45:12.000Z',
            last_success_time: '2026-11-25T09:39:00.000Z',
            last_error: 'no answer: ECONNREFUSED',
            last_error_time: '2026-11-25T09:45:02.000Z',
          },
        ],
        next_marker: '',
      },
    },
    codes: ['FSS.0503', 'FSS.1001'],
  },
  enable: {
    id: 'enableTarget',
    tag: 'Notices',
    right: 'manage',
    shownWithoutRead: ['target', 'was_switched_off'],
    reach: 'project',
    summary: 'Switches a target on again, and forgets its failures.',
    description:
      'Notices that ended as undelivered meanwhile are not sent by this. A target that is not switched off stays as it is, and `was_switched_off` is false.',
    parameters: [target],
    answer: { status: 200, example: { target: 'DIS:orders', was_switched_off: true } },
    codes: ['FSS.0400', 'FSS.0404', 'FSS.0503'],
  },
  test: {
    id: 'testTarget',
    tag: 'Notices',
    right: 'manage',
    shownWithoutRead: ['target', 'id', 'outcome'],
    reach: 'project',
    summary: 'Sends one test notice to a target, and answers how it went.',
    description:
      '`outcome` is `delivered`, `deferred` (it failed, and may succeed later), `refused` (it cannot succeed as it is), or `unknown`. ' +
      `It is unknown if no notifier tells it within ${targetTestBounds.waitMs / 1_000} s. The test passes an open circuit breaker and a switch-off. A failure counts nowhere. ` +
      'A success closes the breaker and switches the target on. The notice has the subject `Test of a target` and the attribute `sendoff-test`. ' +
      'A function that is the target is invoked. A topic does not pass the notice on to its subscriptions. An object is deleted after a day.',
    parameters: [target],
    answer: {
      status: 200,
      example: {
        target: 'DIS:orders',
        id: '0123456789abcdef0123456789abcdef',
        outcome: 'delivered',
        took_ms: 12,
        location: 'sendoff.streams.orders',
      },
    },
    codes: ['FSS.0400', 'FSS.0404', 'FSS.0429', 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
