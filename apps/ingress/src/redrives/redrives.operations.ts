import { redriveBounds } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { inPath } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';
import { RedriveDto } from './redrive.dto.ts';

const { selectedDefault, ratePerSecondDefault, keptMax, activeMax } = redriveBounds;
const id = '019abcde-5f0b-4c57-8d1f-2b7a6c9e4d10';
const redriveId = inPath(
  'id',
  { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' },
  { description: 'The id of a redrive.', example: id },
);

const shown = {
  id,
  of: 'failed',
  state: 'running',
  created_time: '2026-11-25T09:45:00.000Z',
  created_by: 'OQ6E0P1KQ2V9',
  functions: ['urn:fss:local:f0e1d2c3b4a5968778695a4b3c2d1e0f:function:default:hello:latest'],
  condition: 'UnhandledInvocationError',
  error_text: 'no luck',
  begin_time: '2026-11-25T08:00:00.000Z',
  end_time: '2026-11-25T09:45:00.000Z',
  rate: 10,
  canary: 5,
  stop_at: 0.2,
  limit: selectedDefault,
  selected: 7,
  left: 0,
  sent: 6,
  succeeded: 5,
  failed: 0,
  refused: [{ reason: 'payload-deleted', count: 1 }],
  refused_examples: [{ request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10', reason: 'payload-deleted' }],
  updated_time: '2026-11-25T09:45:01.000Z',
};
const ordered = { ordered_by: 'OQ6E0P1KQ2V9', ordered_time: '2026-11-25T09:45:02.000Z' };
const shownWithoutRead = [
  'id',
  'of',
  'state',
  'selected',
  'startable',
  'refused',
  'is_more',
  'first_request_ids',
  'estimated_seconds',
];

/** Operations that start failed invocations and undelivered notices again. */
export const redriveOperations = {
  start: {
    id: 'startRedrive',
    tag: 'Steering',
    right: 'manage',
    shownWithoutRead,
    reach: 'body',
    summary: 'Starts failed invocations or undelivered notices again, or only counts them.',
    description:
      `It looks at ${selectedDefault} at most by default, newest first, and starts ${ratePerSecondDefault} in a second. ` +
      'With `dry_run` it starts nothing, and `id` is empty. Without it the right `invoke` is needed, too. ' +
      'Of the `selected` ones `startable` tells how many will be started, and `refused` why the others will not, ' +
      'as far as the records show it. ' +
      'The count of notices leaves out those of published messages, which have no record. ' +
      `At most ${activeMax} redrives are under way at once.`,
    body: {
      of: RedriveDto,
      example: { of: 'failed', function: 'hello', error_text: 'no luck', dry_run: true, rate: 10, canary: 5, stop_at: 0.2 },
    },
    answer: {
      status: 200,
      example: {
        id: '',
        of: 'failed',
        state: 'preview',
        selected: 7,
        startable: 6,
        refused: [{ reason: 'already-redriven', count: 1 }],
        is_more: false,
        first_request_ids: ['1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10'],
        estimated_seconds: 1,
      },
    },
    codes: ['FSS.0429', 'FSS.0503', 'FSS.1001', ...functionCodes],
  },
  list: {
    id: 'listRedrives',
    tag: 'Steering',
    right: 'read',
    reach: 'list',
    summary: 'Lists redrives, newest first.',
    description: `The last ${keptMax} are kept. A limited key sees those of its functions only.`,
    answer: { status: 200, example: { redrives: [shown] } },
  },
  show: {
    id: 'showRedrive',
    tag: 'Steering',
    right: 'read',
    reach: 'redrive',
    summary: 'Shows how far a redrive is.',
    description:
      '`selected` are those that it has looked at, and `left` tells about how many follow. `sent` are those that it started ' +
      'again, `succeeded` and `failed` those of them that have ended. A redrive of notices has `delivered` and `undelivered` instead: a notice is `undelivered` when all ' +
      'its tries have failed again. If no end comes for a day, the others count as failed, or undelivered, and `missing` tells how ' +
      'many these are: their records were lost. `missing` is absent if there are none.',
    parameters: [redriveId],
    answer: { status: 200, example: shown },
    codes: ['FSS.0404'],
  },
  cancel: {
    id: 'cancelRedrive',
    tag: 'Steering',
    right: 'manage',
    shownWithoutRead,
    reach: 'redrive',
    summary: 'Cancels a redrive: it starts nothing more.',
    description: 'Invocations that it has started go on. A redrive that has ended stays as it is.',
    parameters: [redriveId],
    answer: { status: 200, example: { ...shown, state: 'canceled', ordered: 'cancel', ...ordered } },
    codes: ['FSS.0404', 'FSS.0503'],
  },
  resume: {
    id: 'resumeRedrive',
    tag: 'Steering',
    right: 'manage',
    shownWithoutRead,
    reach: 'redrive',
    summary: 'Resumes a redrive that was canceled, or that stopped because too many failed.',
    description: 'It goes on where it was. Failures of before do not stop it again, and it has no canary any more.',
    parameters: [redriveId],
    answer: { status: 200, example: { ...shown, ordered: 'resume', ...ordered } },
    codes: ['FSS.0404', 'FSS.0429', 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
