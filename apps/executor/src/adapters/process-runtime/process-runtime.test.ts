/**
 * Goal: a call that waits for an instance never misses that one becomes free. Method: the runtime
 * over processes of the test, and a clock that stands still: a missed place would come after 10 s.
 * Code folders and calls go on in steps that the test chooses, to meet each order of events.
 */
import { expect, it } from 'vitest';
import type { FunctionDocument } from '#contracts';
import { aFunction, ManualClock } from '#testing';
import { callOf } from '../../runtime.conformance.ts';
import type { Cell } from '../walls/walls.ts';
import type { CodeFolders, WorkplaceAnswer } from './code-folders.ts';
import type { FunctionProcess, ProcessLauncher, ProcessListener } from './process-launcher.ts';
import { ProcessRuntime } from './process-runtime.ts';
import type { ToInstance } from './protocol.ts';

const never = new AbortController().signal;
const turn = async () => new Promise(setImmediate);

/** Processes that load at once, and answer each call at once. */
function aProcess(): FunctionProcess {
  let listener: ProcessListener | undefined;
  return {
    pid: undefined,
    isBehind: false,
    listen: (given) => {
      listener = given;
      listener.onMessage({ kind: 'ready' });
    },
    send: (message: ToInstance) => {
      if (message.kind === 'call')
        listener?.onMessage({ kind: 'returned', id: message.id, payload: Buffer.from('1'), isLeftOut: false, memoryBytes: 1 });
    },
    kill: () => listener?.onEnd('killed'),
  };
}

function aRuntime(instancesMax: number) {
  const workplaces: ((answer: WorkplaceAnswer) => void)[] = [];
  const warnings: unknown[] = [];
  let released = 0;
  const cell = { canFork: false, release: () => void released++ } as unknown as Cell;
  const launcher = {
    overheadBytes: 0,
    isOutOfMemory: () => false,
    launch: aProcess,
    programFiles: [],
  } satisfies ProcessLauncher;
  const runtime = new ProcessRuntime(
    {
      launchers: { node: launcher, python: launcher } as never,
      folders: {
        workplaceFor: async () => new Promise<WorkplaceAnswer>((resolve) => workplaces.push(resolve)),
      } as unknown as CodeFolders,
      sealer: { open: (text) => text },
      instancesMax,
      idleMs: 60_000,
      warn: (message, details) => warnings.push([message, details]),
    },
    new ManualClock(),
    { write: () => undefined, close: async () => undefined },
  );
  return {
    runtime,
    launcher,
    warnings,
    released: () => released,
    /** Gives none to the start that began first. */
    refuseWorkplace: (reason: string) => workplaces.shift()?.({ kind: 'unavailable', reason }),
    /** Gives the start that began first its workplace. */
    giveWorkplace: () => workplaces.shift()?.({ kind: 'ready', workplace: cell }),
  };
}

const single = (name: string) => aFunction({ name, instancesMax: 1, concurrencyPerInstance: 1 } as Partial<FunctionDocument>);

it.each(Array.from({ length: 12 }, (_none, ticks) => ticks))(
  'a place that is given back %i steps after a start found none is not missed',
  async (ticks) => {
    const { runtime, giveWorkplace } = aRuntime(4);
    const fn = single('f');
    const first = runtime.run(callOf(fn), never);
    giveWorkplace();
    expect(await first).toMatchObject({ kind: 'succeeded' });
    // The instance is idle. A second version wants its place, and begins to start.
    const other = { ...fn, modifiedAt: fn.modifiedAt + 1 } as FunctionDocument;
    const second = runtime.run(callOf(other), never);
    await turn();
    // The idle instance becomes busy: the start will find no place.
    const mayStart = Promise.withResolvers<boolean>();
    const third = runtime.run({ ...callOf(fn), mayStart: async () => mayStart.promise }, never);
    await turn();
    giveWorkplace();
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    mayStart.resolve(false);
    expect(await third).toEqual({ kind: 'cancelled' });
    for (let tick = 0; tick < 3; tick++) await turn();
    giveWorkplace();
    expect(await Promise.race([second, turn().then(turn).then(turn)])).toMatchObject({ kind: 'succeeded' });
  },
);

it('a start that fails gives its workplace back, and its place to a call that waits', async () => {
  const { runtime, launcher, released, giveWorkplace } = aRuntime(1);
  launcher.launch = () => {
    launcher.launch = aProcess;
    throw new Error('spawn ENOMEM');
  };
  const first = runtime.run(callOf(single('f')), never);
  const second = runtime.run(callOf(single('g')), never);
  giveWorkplace();
  expect(await first).toEqual({ kind: 'unavailable', reason: 'cannot start an instance: spawn ENOMEM' });
  expect(released()).toBe(1);
  await turn();
  giveWorkplace();
  expect(await second).toMatchObject({ kind: 'succeeded' });
});

it('an instance that cannot be started is told to the operator, with the reason', async () => {
  const { runtime, launcher, warnings, giveWorkplace, refuseWorkplace } = aRuntime(4);
  const fn = single('f');
  const call = async () => runtime.run(callOf(fn), never);
  const full = call();
  refuseWorkplace('cannot prepare the code: ENOSPC');
  expect(await full).toEqual({ kind: 'unavailable', reason: 'cannot prepare the code: ENOSPC' });
  launcher.launch = () => {
    throw new Error('EAGAIN');
  };
  const crowded = call();
  giveWorkplace();
  expect(await crowded).toEqual({ kind: 'unavailable', reason: 'cannot start an instance: EAGAIN' });
  const told = (reason: string) => ['An instance of a function cannot be started', { function: fn.urn, reason }];
  expect(warnings).toEqual([told('cannot prepare the code: ENOSPC'), told('cannot start an instance: EAGAIN')]);
  await runtime.close();
});
