/**
 * Goal: the history of an invocation is bounded, and the same whichever order its events come in.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, type History, type RecordPlace, transitionErrorMax, transitionsKeptFirst, transitionsMax } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import type { StatusEvent } from './status-event.ts';
import { noHistory, transitionsOf, withEvent } from './history.ts';

const at = (ms: number) => epochMs(builtAt + ms);
const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
const running = (ms: number, attempt = 1): StatusEvent => ({ ...subject, kind: 'running', attempt, startedAt: at(ms) });
const settled = {
  ...subject,
  kind: 'settled',
  condition: 'SystemError',
  attempts: 1,
  endedAt: at(9),
  errorMessage: 'x',
} as const;
const placed = (topic: RecordPlace['topic'], ms = 1): RecordPlace => ({ topic, partition: 0, offset: 0, at: at(ms) });
const all = (events: readonly StatusEvent[]) => events.reduce<History>(withEvent, noHistory);
const times = ({ transitions }: History) => transitions.map((transition) => transition.at - builtAt);

describe('the history of an invocation', () => {
  it.each<[rule: string, StatusEvent, ReturnType<typeof transitionsOf>]>([
    [
      'a record on the express lane',
      { ...subject, kind: 'queued', attempt: 1, lastError: '', place: placed('invocations') },
      [{ at: at(1), kind: 'queued', attempt: 1 }],
    ],
    [
      'a record on the bulk lane, and which start of the attempt it is for',
      { ...subject, kind: 'queued', attempt: 2, lastError: 'broke', place: placed('invocations.bulk'), chance: 2 },
      [{ at: at(1), kind: 'queued-bulk', attempt: 2, chance: 2 }],
    ],
    [
      'a retry on a delay topic tells why',
      { ...subject, kind: 'waiting', attempt: 2, dueAt: at(5), lastError: 'broke', place: placed('delays.near') },
      [{ at: at(1), kind: 'delayed', attempt: 2, dueAt: at(5), error: 'broke' }],
    ],
    ['an attempt', running(3, 2), [{ at: at(3), kind: 'started', attempt: 2 }]],
    ['a settlement without a run', settled, [{ at: at(9), kind: 'settled', attempt: 1, condition: 'SystemError', error: 'x' }]],
    [
      'a settlement tells when its attempt began',
      { ...settled, startedAt: at(8), condition: '', errorMessage: '' },
      [
        { at: at(8), kind: 'started', attempt: 1 },
        { at: at(9), kind: 'settled', attempt: 1, condition: '' },
      ],
    ],
    [
      'a notice that waits for its next try',
      {
        kind: 'delivery',
        requestId: 'r1',
        delivery: { deliveryId: 'DIS:x', state: 'pending', tries: 1, at: at(2), dueAt: at(7), reason: 'refused' },
      },
      [{ at: at(2), kind: 'notice-pending', attempt: 1, deliveryId: 'DIS:x', dueAt: at(7), error: 'refused' }],
    ],
  ])('%s', (_rule, event, transitions) => {
    expect(transitionsOf(event)).toEqual(transitions);
    expect(all([event, event])).toEqual({ transitions, isCut: false });
  });

  it('keeps the beginning of a long error', () => {
    const [transition] = transitionsOf({ ...settled, errorMessage: 'x'.repeat(transitionErrorMax + 1) });
    expect(transition?.error).toBe('x'.repeat(transitionErrorMax));
  });

  it('is whole up to its bound', () => {
    const history = all(Array.from({ length: transitionsMax }, (_, index) => running(index)));
    expect([history.transitions.length, history.isCut]).toEqual([transitionsMax, false]);
  });

  it('beyond its bound holds the first and the last, and tells that the middle was left out', () => {
    const events = Array.from({ length: transitionsMax + 10 }, (_, index) => running(index));
    const kept = [...Array.from({ length: transitionsMax + 10 }).keys()].filter(
      (index) => index < transitionsKeptFirst || index >= transitionsKeptFirst + 10,
    );
    for (const history of [all(events), all(events.toReversed()), all([...events, ...events])])
      expect([times(history), history.isCut]).toEqual([kept, true]);
  });

  it('is the same in any order of its events, and again', () => {
    const event = fc.tuple(fc.nat(40), fc.nat(3)).map(([ms, attempt]) => running(ms, attempt));
    fc.assert(
      fc.property(
        fc
          .array(event, { minLength: 60, maxLength: 120 })
          .chain((events) =>
            fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
          ),
        ([events, shuffled]) => {
          expect(all(shuffled)).toEqual(all(events));
        },
      ),
    );
  });

  it.each<[field: string, Partial<Extract<StatusEvent, { kind: 'queued' }>>]>([
    ['attempt', { attempt: 2 }],
    ['lane', { place: placed('invocations.bulk') }],
    ['chance', { chance: 2 }],
    ['time', { place: placed('invocations', 2) }],
  ])('tells two records apart by their %s', (_field, more) => {
    const one: StatusEvent = { ...subject, kind: 'queued', attempt: 1, lastError: '', place: placed('invocations') };
    expect(all([one, { ...one, ...more }]).transitions).toHaveLength(2);
  });
});
