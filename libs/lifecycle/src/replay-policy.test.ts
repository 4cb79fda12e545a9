/**
 * Goal: a replay under the policy that was in force tells what happened. Method: invocations run by
 * the rules of the services, with random outcomes, waits and delays. Their events are folded into
 * records, which are read and replayed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, type EpochMs, epochMs, type Invocation } from '#contracts';
import { anInvocation, builtAt, builtUrn } from '#testing';
import { admit } from './admit.ts';
import { type AttemptOutcome, decide } from './decide.ts';
import { fold, type FoldedRecord } from './fold.ts';
import { type PresentPolicy, type RecordedInvocation, recordedInvocationOf } from './recorded-invocation.ts';
import { type Replayed, replayPolicy, unrecordedAttemptsOf } from './replay-policy.ts';
import { seededRandom, type SimulatedPolicy } from './simulate-policy.ts';
import type { StatusEvent } from './status-event.ts';

const policy: SimulatedPolicy = { retriesMax: 2, eventAgeMaxMs: 10_000, backoff: { baseMs: 1_000, maxMs: 4_000 } };
const present = (of = policy): PresentPolicy => ({ retriesMax: of.retriesMax, backoff: of.backoff, since: 0 });

interface Story {
  readonly acceptedAt: number;
  readonly delayMs: number;
  readonly lateMs: number;
  readonly durationMs: number;
  readonly outcomes: readonly ('succeeded' | 'failed' | 'unavailable' | 'final')[];
  readonly jitter: number;
}

const noPayload = Buffer.alloc(0);

function outcomeOf(kind: Story['outcomes'][number] | undefined): AttemptOutcome {
  if (kind === 'unavailable') return { kind, reason: 'away' };
  if (kind === undefined || kind === 'succeeded') return { kind: 'succeeded', responsePayload: noPayload };
  const failure = { condition: 'HandledInvocationError', errorMessage: 'no', responsePayload: noPayload } as const;
  return { kind: 'failed', ...failure, isRetryable: kind === 'failed' };
}

/** Runs an invocation as the services do. */
function recordOf(number: number, story: Story, of = policy): { readonly record: FoldedRecord; readonly starts: number[] } {
  const accepted = epochMs(builtAt + story.acceptedAt);
  const dueAt = epochMs(accepted + story.delayMs);
  const expiresAt = epochMs(dueAt + of.eventAgeMaxMs);
  const subject = { requestId: `r${number}`, functionUrn: builtUrn, project: 'p1', acceptedAt: accepted, expiresAt };
  const stamped = { retriesMax: of.retriesMax, backoff: of.backoff, destinations: {} };
  let invocation: Invocation = anInvocation({ ...subject, dueAt, attempt: 1, retriesUsed: 0, policy: stamped });
  let record: FoldedRecord | undefined;
  const tell = (event: StatusEvent) => (record = fold(record, event));
  const place = (topic: 'invocations' | 'delays.near', at: EpochMs) => ({ topic, partition: 0, offset: 0, at });
  const starts: number[] = [];
  const end = (condition: Condition, attempts: number, endedAt: EpochMs, startedAt?: EpochMs) => {
    tell({
      kind: 'settled',
      condition,
      attempts,
      endedAt,
      errorMessage: '',
      ...(startedAt === undefined ? {} : { startedAt }),
      ...subject,
    });
    return { record: record ?? expect.fail(), starts };
  };
  const delay = (at: EpochMs) => {
    const { attempt, dueAt: due, retriesUsed } = invocation;
    tell({ kind: 'waiting', attempt, dueAt: due, retriesUsed, lastError: '', place: place('delays.near', at), ...subject });
  };
  if (story.delayMs > 0) delay(accepted);
  while (true) {
    const { attempt } = invocation;
    tell({ kind: 'queued', attempt, lastError: '', place: place('invocations', invocation.dueAt), ...subject });
    const startedAt = epochMs(invocation.dueAt + story.lateMs);
    const admission = admit(invocation, startedAt, false);
    if (admission.kind === 'settle') return end(admission.condition, attempt - 1, startedAt);
    starts.push(startedAt - accepted + story.acceptedAt);
    if (story.durationMs >= 250) tell({ kind: 'running', attempt, startedAt, ...subject });
    const now = epochMs(startedAt + story.durationMs);
    const decision = decide(invocation, { outcome: outcomeOf(story.outcomes[attempt - 1]), now, jitter: story.jitter });
    if (decision.kind === 'settle') return end(decision.condition, attempt, now, startedAt);
    invocation = { ...invocation, ...decision };
    delay(now);
  }
}

const read = (record: FoldedRecord, of = present()): RecordedInvocation => recordedInvocationOf(record, of) ?? expect.fail();
const replay = (all: readonly Replayed[], of = policy, random = seededRandom(1)) => {
  const steps = replayPolicy(of, all, random);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
};
const replayed = (stories: readonly Story[], by = policy, of = policy) => {
  const all = stories
    .toSorted((one, other) => one.acceptedAt - other.acceptedAt)
    .map((story, index) => recordOf(index, story, of))
    .map(({ record }) => ({ at: record.acceptedAt as number, recorded: read(record, present(of)) }));
  return replay(all, by);
};
const story: Story = { acceptedAt: 0, delayMs: 0, lateMs: 5, durationMs: 300, outcomes: [], jitter: 0.5 };

describe('a replay', () => {
  it('under the policy that was in force tells the ends and the load that happened', () => {
    const outcome = fc.constantFrom('succeeded' as const, 'failed' as const, 'unavailable' as const, 'final' as const);
    const anyStory = fc.record({
      acceptedAt: fc.nat(20_000),
      delayMs: fc.constantFrom(0, 2_000),
      lateMs: fc.constantFrom(0, 40, 3_000, 12_000),
      durationMs: fc.integer({ min: 250, max: 900 }),
      outcomes: fc.array(outcome, { minLength: 1, maxLength: 9 }),
      jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    const anyPolicy = fc.record({ retriesMax: fc.nat(3), eventAgeMaxMs: fc.constantFrom(1_500, 10_000, 60_000) });
    fc.assert(
      fc.property(fc.array(anyStory, { minLength: 1, maxLength: 20 }), anyPolicy, (stories, limits) => {
        const of = { ...policy, ...limits };
        const { conditions, attempts, load, unrecorded, happened } = replayed(stories, of, of);
        const starts = stories.flatMap((one, index) => recordOf(index, one, of).starts);
        expect({ conditions, attempts, unrecorded }).toEqual({
          conditions: happened.conditions,
          attempts: starts.length,
          unrecorded: 0,
        });
        expect(load.attempts).toEqual(happened.load);
      }),
    );
  });

  it('begins an attempt that was too short to be reported before its retry was written', () => {
    const short = { ...story, durationMs: 20, outcomes: ['failed', 'failed'] as const };
    const { record, starts } = recordOf(0, short);
    expect(read(record).startedAt.map((at) => at - builtAt)).toEqual(starts);
    expect(replayed([short]).schedule.map(({ meanMs }) => meanMs)).toEqual(starts);
  });

  it('keeps arrivals where they were', () => {
    const { load } = replayed([0, 100, 8_000].map((acceptedAt) => ({ ...story, acceptedAt })));
    expect([load.arrivals.slice(0, 2), load.arrivals[8]]).toEqual([[2, 0], 1]);
  });

  it('draws the attempts that no record tells of, by the share of the recorded retries', () => {
    const failing: Story = { ...story, outcomes: ['failed', 'failed', 'failed'] };
    const mended: Story = { ...story, outcomes: ['failed', 'succeeded'] };
    const more = replayed([failing, failing, failing, mended], { ...policy, retriesMax: 3 });
    expect(more.model).toEqual({ of: 'retries', failureShare: 6 / 7, unavailableShare: 0, durationMs: 300 });
    expect([more.unrecorded, more.attempts]).toEqual([3, 14]);
    expect(unrecordedAttemptsOf([read(recordOf(0, { ...story, outcomes: ['final'] }).record)]).of).toBe('attempts');
  });

  it('makes fewer attempts under a policy with fewer retries or a shorter validity period', () => {
    const mended: Story = { ...story, outcomes: ['failed', 'failed', 'succeeded'] };
    expect(replayed([mended]).conditions).toEqual({ '': 1 });
    expect(replayed([mended], { ...policy, retriesMax: 1 }).conditions).toEqual({ UnhandledInvocationError: 1 });
    expect(replayed([mended], { ...policy, eventAgeMaxMs: 1_000 }).conditions).toEqual({ EventAgeExceeded: 1 });
  });

  it('makes no retry that the function forbade, and one where only the policy of that time did', () => {
    const { record } = recordOf(0, { ...story, outcomes: ['final'] });
    const attempts = (of: PresentPolicy) => replay([{ at: 0, recorded: read(record, of) }], policy, () => 0).attempts;
    expect(attempts(present())).toBe(1);
    expect(attempts({ ...present(), since: builtAt + 1 })).toBe(3);
  });

  it.each<[end: string, condition: Condition, attempts: number]>([
    ['was cancelled in its wait', 'InvocationCanceled', 1],
    ['was cancelled before its first attempt', 'InvocationCanceled', 0],
    ['ended because its executors did', 'ExecutorEnded', 2],
  ])('leaves an invocation as it was that %s', (_end, condition, attempts) => {
    const { record } = recordOf(0, { ...story, outcomes: ['failed', 'succeeded'] });
    const errorCode = condition === 'InvocationCanceled' ? 4_208 : 4_205;
    const transitions = record.history.transitions.filter(({ attempt }) => attempt <= attempts + 1);
    const ended = { ...record, status: 'FAIL', errorCode, attempts, history: { transitions, isCut: false } } as const;
    const result = replay([{ at: 0, recorded: read(ended) }], { ...policy, retriesMax: 3 });
    expect([result.conditions, result.attempts]).toEqual([{ [condition]: 1 }, attempts]);
  });

  it('needs no history: earlier releases told none', () => {
    const { history: _history, ...record } = recordOf(0, { ...story, outcomes: ['failed', 'failed', 'failed'] }).record;
    const recorded = recordedInvocationOf(record, present()) ?? expect.fail();
    expect([replay([{ at: 0, recorded }]).conditions, recorded.attempts.length]).toEqual([{ HandledInvocationError: 1 }, 3]);
  });

  it('is only of invocations that have ended', () => {
    const { endedAt: _endedAt, ...record } = recordOf(0, story).record;
    expect(recordedInvocationOf(record, present())).toBeUndefined();
  });

  it('stops at 100,000 attempts', () => {
    const away: Story = { ...story, durationMs: 0, outcomes: Array<'unavailable'>(60).fill('unavailable') };
    const one = read(recordOf(0, away, { ...policy, eventAgeMaxMs: 86_400_000 }).record);
    const all = Array.from({ length: 2_000 }, () => ({ at: 0, recorded: one }));
    expect(replay(all, { ...policy, eventAgeMaxMs: 86_400_000 })).toMatchObject({ attempts: 100_000, isComplete: false });
  });
});
