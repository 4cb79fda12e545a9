import { describe, expect, it } from 'vitest';
import { type DeliveryStatus, epochMs, type QueuePlace, type StatusRecord, type Transition } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import { explain, openCircuitReason, type Situation, type Wait } from './explain.ts';

const at = (ms: number) => epochMs(builtAt + ms);
const record: StatusRecord = {
  requestId: 'r1',
  functionUrn: builtUrn,
  project: 'p1',
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: builtAt,
  attempts: 0,
  tags: [],
  deliveries: [],
};
const queued: Transition = { at: at(1), kind: 'queued', attempt: 1 };
const delayed: Transition = { at: at(2), kind: 'delayed', attempt: 2, dueAt: at(100) };
const place: QueuePlace = { place: 3, isRunning: false, waiting: 7, running: 1, limit: 2, allRunning: 5, allRunningMax: 8 };
const elsewhere: QueuePlace = { isRunning: false, waiting: 0, running: 0, allRunning: 0, allRunningMax: 8 };
const situation = (given: Partial<Omit<Situation, 'record'>>, of: Partial<StatusRecord> = {}): Situation => ({
  record: { ...record, ...of },
  history: { transitions: [queued], isCut: false },
  expiresAt: at(1_000),
  now: at(50),
  function: 'active',
  executors: [elsewhere],
  ...given,
});
const failing = { failures: 12, failingSince: at(3), error: { reason: 'status 500', at: at(9) } };
const withDelay = { history: { transitions: [queued, delayed], isCut: false } };
const pending = (given: Partial<DeliveryStatus>): Partial<StatusRecord> => ({
  status: 'FAIL',
  endedAt: at(9),
  deliveries: [{ deliveryId: 'DIS:x', state: 'pending', tries: 2, at: at(10), ...given }],
});

describe('an invocation waits for', () => {
  it.each<[what: string, Situation, Partial<Wait>]>([
    [
      'its first due time, if its caller delayed it',
      situation({ history: { transitions: [{ ...delayed, attempt: 1 }], isCut: false } }, { dueAt: at(100) }),
      { waitsFor: 'delay', since: at(2), until: at(100) },
    ],
    [
      'its next due time after a failed attempt, with the reason',
      situation(withDelay, { dueAt: at(51), attempts: 1, errorMessage: 'no luck' }),
      { waitsFor: 'retry', until: at(51), words: 'Attempt 1 failed: no luck. Attempt 2 starts at the due time.' },
    ],
    [
      'the retry-scheduler from its due time on',
      situation(withDelay, { dueAt: at(50), attempts: 1 }),
      { waitsFor: 'release', since: at(50), until: at(1_000) },
    ],
    [
      'the resume of its function, also on a delay topic',
      situation(
        { history: { transitions: [{ ...delayed, dueAt: at(40) }, delayed], isCut: false }, pausedSince: at(7) },
        { dueAt: at(100), attempts: 1 },
      ),
      { waitsFor: 'paused-function', since: at(7), until: at(1_000), change: 'Resume the function.' },
    ],
    [
      'a disabled function',
      situation({ function: 'disabled' }),
      { waitsFor: 'disabled-function', since: at(1), until: at(1_000) },
    ],
    ['nothing that could help, if its function is gone', situation({ function: 'deleted' }), { waitsFor: 'deleted-function' }],
    [
      'its turn in its function, while that runs as much as it may',
      situation({ executors: [elsewhere, { ...place, running: 2 }] }),
      {
        waitsFor: 'function-concurrency',
        since: at(1),
        until: at(1_000),
        queue: { ...place, running: 2 },
        words:
          'It has place 3 of 7 in the queue of its function at one executor. The function runs 2 attempts there, and its own limit is 2.',
      },
    ],
    [
      'its turn at the executor, while its function may run more',
      situation({ executors: [place] }),
      { waitsFor: 'executor-turn', queue: place },
    ],
    [
      'its turn at the executor, if its function has no limit',
      situation({ executors: [{ ...elsewhere, place: 1, waiting: 1 }] }),
      { waitsFor: 'executor-turn' },
    ],
    [
      'an executor that reads its lane',
      situation({}),
      { waitsFor: 'lane', since: at(1), words: 'It is on the express lane, and no executor has read it yet.' },
    ],
    [
      'an executor that reads the bulk lane',
      situation({ history: { transitions: [queued, { ...queued, at: at(3), kind: 'queued-bulk' }], isCut: false } }),
      { waitsFor: 'lane', since: at(3), words: 'It is on the bulk lane, and no executor has read it yet.' },
    ],
    [
      'something unknown, if an executor did not answer',
      situation({ executors: [elsewhere, undefined] }),
      {
        waitsFor: 'unknown',
        words: 'It is on the express lane. 1 of 2 executors answered, so the reason of the wait is not known.',
      },
    ],
    ['something unknown, if no executor was found', situation({ executors: [] }), { waitsFor: 'unknown' }],
    [
      'its place, even if another executor did not answer',
      situation({ executors: [undefined, place] }),
      { waitsFor: 'executor-turn' },
    ],
    [
      'its attempt, if an executor runs it',
      situation({ executors: [{ ...elsewhere, isRunning: true }] }),
      {
        waitsFor: 'attempt',
        since: at(1),
        unknownUntil: 'the executor reports the start, after 250 ms',
        words: expect.stringContaining('Attempt 1 runs') as unknown as string,
      },
    ],
    [
      'its attempt, if it is shown as running',
      situation({ timeoutMs: 5_000 }, { status: 'RUNNING', attempts: 2, startedAt: at(30) }),
      {
        waitsFor: 'attempt',
        since: at(30),
        until: at(5_030),
        words: expect.stringContaining('Attempt 2 runs') as unknown as string,
      },
    ],
    [
      'the next try of its notice',
      situation({}, pending({ dueAt: at(60), reason: 'status 500' })),
      {
        waitsFor: 'notice-retry',
        deliveryId: 'DIS:x',
        since: at(10),
        until: at(60),
        words: 'Try 2 of the notice failed. The next try follows at the due time. The last reason: status 500.',
      },
    ],
    [
      'the open circuit of a target',
      situation({}, pending({ dueAt: at(60), reason: openCircuitReason })),
      { waitsFor: 'open-circuit', until: at(60) },
    ],
    [
      'the open circuit of a target that another notice opened',
      situation(
        { targets: new Map([['DIS:x', { health: { ...failing, openUntil: at(51) } }]]) },
        pending({ dueAt: at(60), reason: 'status 500' }),
      ),
      { waitsFor: 'open-circuit', since: at(3), until: at(60) },
    ],
    [
      'its next try, if the circuit of the target is half-open',
      situation(
        { targets: new Map([['DIS:x', { health: { ...failing, openUntil: at(50) } }]]) },
        pending({ dueAt: at(60), reason: 'status 500' }),
      ),
      { waitsFor: 'notice-retry' },
    ],
    [
      'a target that is switched off',
      situation(
        { targets: new Map([['DIS:x', { switchOff: { at: at(20), failingSince: at(3), reason: 'no try has succeeded' } }]]) },
        pending({ dueAt: at(60) }),
      ),
      {
        waitsFor: 'switched-off-target',
        deliveryId: 'DIS:x',
        since: at(20),
        until: at(60),
        words: 'The target is switched off, because no try has succeeded. The notice ends as undelivered when it is due.',
      },
    ],
    ['the first try of its notice', situation({}, pending({ tries: 0 })), { waitsFor: 'notice-try', since: at(10) }],
    ['a try that is due', situation({}, pending({ dueAt: at(50) })), { waitsFor: 'notice-try', since: at(50) }],
  ])('%s', (_what, given, wait) => {
    expect(explain(given)).toEqual([expect.objectContaining(wait)]);
    const [{ until, unknownUntil } = expect.fail()] = explain(given);
    expect([until, unknownUntil].filter((end) => end !== undefined)).toHaveLength(1);
  });

  it.each([
    ['paused', { pausedSince: at(7) }, 'paused-function'],
    ['disabled', { function: 'disabled' }, 'disabled-function'],
    ['deleted', { function: 'deleted' }, 'deleted-function'],
  ] as const)('its due time too, if its function is %s meanwhile', (_state, given, waitsFor) => {
    const retry = explain(situation({ ...withDelay, ...given }, { dueAt: at(100), attempts: 1 }));
    expect(retry).toMatchObject([{ waitsFor }, { waitsFor: 'retry', since: at(2), until: at(100) }]);
    const history = {
      transitions: [
        { ...delayed, attempt: 1 },
        { ...delayed, at: at(9), attempt: 1, dueAt: at(60) },
      ],
      isCut: false,
    };
    const delay = explain(situation({ history, ...given }, { dueAt: at(60) }));
    expect(delay.map((wait) => wait.waitsFor)).toEqual([waitsFor, 'delay']);
    if (waitsFor === 'paused-function') expect(delay[1]).toMatchObject({ since: at(2), until: at(100) });
  });

  it('an attempt without a known end, if the function is gone', () => {
    const [wait] = explain(situation({ function: 'deleted' }, { status: 'RUNNING', attempts: 1, startedAt: at(30) }));
    expect(wait).toMatchObject({ since: at(30), unknownUntil: 'the attempt ends: its timeout is not known' });
  });

  it('nothing once it and its notices are over', () => {
    expect(explain(situation({}, pending({ state: 'delivered' })))).toEqual([]);
    expect(explain(situation({ executors: [place] }, { status: 'SUCCESS', endedAt: at(9) }))).toEqual([]);
  });

  it('no end that nobody has told', () => {
    const { expiresAt: _unknown, ...rest } = situation({});
    expect(explain(rest)[0]).not.toHaveProperty('until');
  });
});
