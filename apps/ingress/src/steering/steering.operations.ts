import { pausedWait } from '#lifecycle';
import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, functionUrn } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';
import { PauseDto, PurgeDto } from './steering.dto.ts';

const shown = {
  func_urn: `urn:fss:local:${exampleProject}:function:default:hello`,
  intake: { paused: false },
  execution: { paused: true, since: '2026-11-25T09:45:00+00:00', by: 'OQ6E0P1KQ2V9' },
};
const shownWithoutRead = ['func_urn', 'intake', 'execution'];
const body = { of: PauseDto, isOptional: true, example: { part: 'execution' } } as const;

/** Operations that pause and resume functions. */
export const steeringOperations = {
  show: {
    id: 'showSteering',
    tag: 'Steering',
    right: 'read',
    reach: 'function',
    summary: 'Shows which parts of a function are paused.',
    parameters: [functionUrn],
    answer: { status: 200, example: shown },
    codes: functionCodes,
  },
  pause: {
    id: 'pauseFunction',
    tag: 'Steering',
    right: 'manage',
    shownWithoutRead,
    reach: 'function',
    summary: 'Pauses the intake or the execution of a function, in all its versions.',
    description: 'Without a body both parts are paused. A part that is paused already keeps its time. Attempts that run go on.',
    parameters: [functionUrn],
    body,
    answer: { status: 200, example: shown },
    codes: [...functionCodes, 'FSS.0503'],
  },
  resume: {
    id: 'resumeFunction',
    tag: 'Steering',
    right: 'manage',
    shownWithoutRead,
    reach: 'function',
    summary: 'Resumes the intake or the execution of a function.',
    description: `Without a body both parts are resumed. Waiting invocations start within ${pausedWait.maxMs / 1_000} s.`,
    parameters: [functionUrn],
    body,
    answer: { status: 200, example: { ...shown, execution: { paused: false } } },
    codes: [...functionCodes, 'FSS.0503'],
  },
  purge: {
    id: 'purgeFunction',
    tag: 'Steering',
    right: 'manage',
    shownWithoutRead: ['func_urn', 'accepted_until', 'waiting', 'running', 'purged'],
    reach: 'function',
    summary: 'Cancels the invocations of a function that wait, in all its versions.',
    description:
      'It concerns invocations that were accepted before it. With `dry_run` it only counts them. Attempts that run go on, unless ' +
      '`include_running` is true; they are not tried again. Each invocation ends as `InvocationCanceled`.',
    parameters: [functionUrn],
    body: { of: PurgeDto, isOptional: true, example: { dry_run: true, include_running: false } },
    answer: {
      status: 200,
      example: {
        func_urn: shown.func_urn,
        accepted_until: '2026-11-25T09:45:00+00:00',
        waiting: 1_204,
        running: 4,
        purged: false,
      },
    },
    codes: [...functionCodes, 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
