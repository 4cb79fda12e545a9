import { describe, expect, it } from 'vitest';
import { epochMs, type IdempotencyEvent } from '#contracts';
import { builtAt } from '#testing';
import {
  foldClaim,
  type IdempotencyClaim,
  idempotencyKeptMs,
  type IdempotencyStep,
  isOver,
  nextIdempotencyStep,
} from './idempotency.ts';

type EventWithoutInstant = IdempotencyEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'at'> : never) : never;
const claimed = (
  claimant: string,
  more: { requestId?: string; payloadDigest?: string; inPlaceOf?: string } = {},
): EventWithoutInstant => ({
  kind: 'claimed',
  requestId: `r-${claimant}`,
  payloadDigest: 'd1',
  claimant,
  ...more,
});
const later = (ms: number) => epochMs(builtAt + ms);
const aClaim = (given: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
  requestId: 'r-a',
  payloadDigest: 'd1',
  claimant: 'a',
  firstAt: builtAt,
  claimedAt: builtAt,
  isAccepted: false,
  ...given,
});

describe('foldClaim', () => {
  it.each<[rule: string, IdempotencyClaim | undefined, EventWithoutInstant, atMs: number, IdempotencyClaim | undefined]>([
    ['the first claim holds', undefined, claimed('a'), 0, aClaim()],
    ['a second claim does not hold', aClaim(), claimed('b'), 5, aClaim()],
    ['a claim with another payload does not hold', aClaim(), claimed('b', { payloadDigest: 'd2' }), 5, aClaim()],
    ['a claim in place of another claimant does not hold', aClaim(), claimed('b', { inPlaceOf: 'c' }), 5, aClaim()],
    [
      'one in place of the holder takes over, under the same request id',
      aClaim(),
      claimed('b', { inPlaceOf: 'a' }),
      5,
      aClaim({ claimant: 'b', claimedAt: later(5) }),
    ],
    [
      'but not once the invocation is there',
      aClaim({ isAccepted: true }),
      claimed('b', { inPlaceOf: 'a' }),
      5,
      aClaim({ isAccepted: true }),
    ],
    ['an acceptance counts', aClaim(), { kind: 'accepted', requestId: 'r-a' }, 5, aClaim({ isAccepted: true })],
    ['one of another invocation does not', aClaim(), { kind: 'accepted', requestId: 'r-b' }, 5, aClaim()],
    ['nor one without a claim', undefined, { kind: 'accepted', requestId: 'r-a' }, 5, undefined],
    ['a key stands until its time is over', aClaim(), claimed('b'), idempotencyKeptMs - 1, aClaim()],
    [
      'and is free afterwards',
      aClaim({ isAccepted: true }),
      claimed('b'),
      idempotencyKeptMs,
      aClaim({ requestId: 'r-b', claimant: 'b', firstAt: later(idempotencyKeptMs), claimedAt: later(idempotencyKeptMs) }),
    ],
    [
      'an acceptance after its time changes nothing',
      aClaim(),
      { kind: 'accepted', requestId: 'r-a' },
      idempotencyKeptMs,
      aClaim(),
    ],
  ])('%s', (_rule, claim, event, atMs, expected) => {
    expect(foldClaim(claim, { ...event, at: later(atMs) } as IdempotencyEvent)).toEqual(expected);
  });
});

describe('nextIdempotencyStep', () => {
  const patienceMs = 1_000;
  it.each<
    [
      rule: string,
      IdempotencyClaim | undefined,
      request: { payloadDigest: string; claimant: string },
      nowMs: number,
      IdempotencyStep,
    ]
  >([
    ['a free key is claimed', undefined, { payloadDigest: 'd1', claimant: 'b' }, 0, { kind: 'claim' }],
    [
      'one whose time is over too',
      aClaim({ isAccepted: true }),
      { payloadDigest: 'd2', claimant: 'b' },
      idempotencyKeptMs,
      { kind: 'claim' },
    ],
    ['another payload is a conflict', aClaim(), { payloadDigest: 'd2', claimant: 'b' }, 0, { kind: 'conflict' }],
    ['even once it is accepted', aClaim({ isAccepted: true }), { payloadDigest: 'd2', claimant: 'b' }, 0, { kind: 'conflict' }],
    ['the holder writes', aClaim(), { payloadDigest: 'd1', claimant: 'a' }, 0, { kind: 'accept', requestId: 'r-a' }],
    ['others wait', aClaim(), { payloadDigest: 'd1', claimant: 'b' }, patienceMs - 1, { kind: 'wait' }],
    [
      'as long as patience lasts',
      aClaim(),
      { payloadDigest: 'd1', claimant: 'b' },
      patienceMs,
      { kind: 'claim', inPlaceOf: 'a' },
    ],
    [
      'patience begins anew with a new holder',
      aClaim({ claimant: 'c', claimedAt: later(500) }),
      { payloadDigest: 'd1', claimant: 'b' },
      patienceMs,
      { kind: 'wait' },
    ],
    [
      'an accepted invocation is repeated, also to its own claimant',
      aClaim({ isAccepted: true }),
      { payloadDigest: 'd1', claimant: 'a' },
      0,
      { kind: 'repeat', requestId: 'r-a' },
    ],
  ])('%s', (_rule, claim, request, nowMs, step) => {
    expect(nextIdempotencyStep(claim, request, later(nowMs), patienceMs)).toEqual(step);
  });
});

describe('isOver', () => {
  it('is true from the instant at which the key expires', () => {
    expect(isOver(aClaim(), later(idempotencyKeptMs - 1))).toBe(false);
    expect(isOver(aClaim(), later(idempotencyKeptMs))).toBe(true);
  });
});
