import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeliveryStatus, epochMs, type RecordPlace } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import { fold, type FoldedRecord } from './fold.ts';
import type { StatusEvent } from './status-event.ts';

const at = (ms: number) => epochMs(builtAt + ms);
const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
const queued = (attempt: number): StatusEvent => ({
  kind: 'queued',
  attempt,
  lastError: attempt === 1 ? '' : `failed ${attempt - 1}`,
  ...subject,
});
const placed = (place: RecordPlace): StatusEvent => ({ ...queued(1), place }) as StatusEvent;
const waiting = (attempt: number, dueInMs: number): StatusEvent => ({
  kind: 'waiting',
  attempt,
  dueAt: at(dueInMs),
  lastError: `failed ${attempt - 1}`,
  ...subject,
});
const running = (attempt: number, startedInMs: number): StatusEvent => ({
  kind: 'running',
  attempt,
  startedAt: at(startedInMs),
  ...subject,
});
const settled = (given: Partial<Extract<StatusEvent, { kind: 'settled' }>> = {}): StatusEvent => ({
  kind: 'settled',
  condition: '',
  attempts: 1,
  startedAt: at(1),
  endedAt: at(2),
  errorMessage: '',
  ...subject,
  ...given,
});
const delivery = (given: Partial<DeliveryStatus> = {}): StatusEvent => ({
  kind: 'delivery',
  requestId: 'r1',
  delivery: { deliveryId: 'DIS:x', state: 'pending', tries: 0, at: at(3), ...given },
});

const foldAll = (events: readonly StatusEvent[]) => events.reduce<FoldedRecord | undefined>(fold, undefined);

describe('fold', () => {
  it('keeps nothing of an end that was presumed, or of the wait before it', () => {
    const presumed = settled({ isPresumed: true, condition: 'EventAgeExceeded', lateMs: 5, responseRef: 'r' });
    const all = [queued(1), running(1, 5), waiting(2, 9), presumed, settled({ endedAt: at(9) })];
    for (const field of ['dueAt', 'lateMs', 'responseRef']) expect(foldAll(all)).not.toHaveProperty(field);
  });

  it.each<[rule: string, StatusEvent[], Partial<FoldedRecord>]>([
    [
      'accepted: it waits',
      [queued(1)],
      { status: 'WAIT', attempts: 0, functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt },
    ],
    ['an attempt that lasts: it runs', [queued(1), running(1, 5)], { status: 'RUNNING', attempts: 1, startedAt: at(5) }],
    [
      'a failed attempt: it waits, with the reason and the due time',
      [queued(1), running(1, 5), waiting(2, 900)],
      { status: 'WAIT', attempts: 1, dueAt: at(900), errorMessage: 'failed 1' },
    ],
    ['released: it waits for its turn', [waiting(2, 900), queued(2)], { status: 'WAIT', attempts: 1 }],
    [
      'a success',
      [queued(1), settled()],
      { status: 'SUCCESS', errorCode: 0, errorMessage: '', attempts: 1, startedAt: at(1), endedAt: at(2) },
    ],
    [
      'a failure',
      [settled({ condition: 'OutOfMemory', errorMessage: 'too much' })],
      { status: 'FAIL', errorCode: 4204, errorMessage: 'too much' },
    ],
    [
      'settled twice: the one that ended first',
      [settled({ endedAt: at(9), condition: 'SystemError' }), settled()],
      { status: 'SUCCESS', endedAt: at(2) },
    ],
    [
      'a settlement after an end that was presumed',
      [settled({ isPresumed: true, condition: 'EventAgeExceeded' }), running(1, 5), settled({ endedAt: at(9) })],
      { status: 'SUCCESS', endedAt: at(9) },
    ],
    [
      'an end that is presumed after the settlement',
      [settled({ endedAt: at(9) }), settled({ isPresumed: true, condition: 'EventAgeExceeded' })],
      { status: 'SUCCESS', endedAt: at(9) },
    ],
    [
      'an event after the settlement changes nothing',
      [settled(), queued(1), running(1, 5), waiting(2, 9)],
      { status: 'SUCCESS', attempts: 1 },
    ],
    [
      'a delivery on its way',
      [settled(), delivery()],
      { deliveries: [{ deliveryId: 'DIS:x', state: 'pending', tries: 0, at: at(3) }] },
    ],
    [
      'its end beats its waiting',
      [delivery({ state: 'delivered', tries: 1, at: at(4) }), delivery({ tries: 5, at: at(9) })],
      { deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: at(4) }] },
    ],
    [
      'a later end beats an earlier one',
      [delivery({ state: 'undelivered', at: at(4) }), delivery({ state: 'delivered', at: at(5) })],
      { deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 0, at: at(5) }] },
    ],
    [
      'more tries beat fewer',
      [delivery({ tries: 2, at: at(4) }), delivery({ tries: 1, at: at(9) })],
      { deliveries: [{ deliveryId: 'DIS:x', state: 'pending', tries: 2, at: at(4) }] },
    ],
  ])('%s', (_rule, events, record) => {
    expect(foldAll(events)).toMatchObject(record);
  });

  it.each<[rule: string, StatusEvent, StatusEvent, Partial<FoldedRecord>]>([
    [
      'of two failure routes the one that sorts first stays',
      { ...queued(1), failureRoute: 'a' },
      { ...queued(2), failureRoute: 'b' },
      { failureRoute: 'a' },
    ],
    ['of two waits of one attempt the later due time shows', waiting(2, 10), waiting(2, 20), { dueAt: at(20) }],
    ['of two runs of one attempt the later start shows', running(1, 10), running(1, 20), { startedAt: at(20) }],
    [
      'of two ends at once the smaller error code',
      settled({ condition: 'HandledInvocationError' }),
      settled({ condition: 'SystemError' }),
      { errorCode: 4201 },
    ],
    ['then fewer attempts', settled({ attempts: 9 }), settled({ attempts: 10 }), { attempts: 9 }],
    [
      'then the earlier start',
      settled({ startedAt: epochMs(9) }),
      settled({ startedAt: epochMs(10) }),
      { startedAt: epochMs(9) },
    ],
    [
      'a waiting delivery with more tries shows',
      delivery({ tries: 9 }),
      delivery({ tries: 10 }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'pending', tries: 10, at: at(3) }] },
    ],
    [
      'an end beats waiting, whatever the numbers',
      delivery({ state: 'delivered', tries: 1, at: epochMs(1) }),
      delivery({ tries: 5, at: epochMs(9) }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: epochMs(1) }] },
    ],
    [
      'of two ends the later one',
      delivery({ state: 'delivered', tries: 9, at: epochMs(9) }),
      delivery({ state: 'undelivered', tries: 1, at: epochMs(10) }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'undelivered', tries: 1, at: epochMs(10) }] },
    ],
    [
      'of two waits for the same try the one that lasts longer',
      delivery({ tries: 1, dueAt: epochMs(10) }),
      delivery({ tries: 1, dueAt: epochMs(9) }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'pending', tries: 1, at: at(3), dueAt: epochMs(10) }] },
    ],
    [
      'then any, but always the same: by reason',
      delivery({ state: 'undelivered', reason: 'a', location: 'z' }),
      delivery({ state: 'undelivered', reason: 'b', location: 'y' }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'undelivered', tries: 0, at: at(3), reason: 'b', location: 'y' }] },
    ],
    [
      'and by location',
      delivery({ state: 'delivered', location: 'b' }),
      delivery({ state: 'delivered', location: 'a' }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 0, at: at(3), location: 'b' }] },
    ],
    [
      'a reason beats no reason',
      delivery({ state: 'delivered' }),
      delivery({ state: 'delivered', reason: '!' }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 0, at: at(3), reason: '!' }] },
    ],
    [
      'a location beats no location',
      delivery({ state: 'delivered' }),
      delivery({ state: 'delivered', location: '!' }),
      { deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 0, at: at(3), location: '!' }] },
    ],
    [
      'deliveries stand in the order of their names',
      delivery({ deliveryId: 'a' }),
      delivery({ deliveryId: 'b' }),
      { deliveries: ['a', 'b'].map((deliveryId) => ({ deliveryId, state: 'pending', tries: 0, at: at(3) })) },
    ],
  ])('%s, whichever comes first', (_rule, one, other, record) => {
    expect(foldAll([one, other])).toMatchObject(record);
    expect(foldAll([other, one])).toStrictEqual(foldAll([one, other]));
  });

  it('knows of a delivery before it knows of its invocation', () => {
    expect(fold(undefined, delivery())).toStrictEqual({
      requestId: 'r1',
      functionUrn: '',
      project: '',
      status: 'WAIT',
      errorCode: 0,
      errorMessage: '',
      acceptedAt: epochMs(0),
      attempts: 0,
      tags: [],
      deliveries: [{ deliveryId: 'DIS:x', state: 'pending', tries: 0, at: at(3) }],
      stage: -1,
      places: [],
      history: {
        transitions: [{ at: at(3), kind: 'notice-pending', attempt: 0, deliveryId: 'DIS:x' }],
        isCut: false,
      },
    });
    expect(foldAll([delivery(), queued(1)])).toMatchObject({
      functionUrn: builtUrn,
      project: 'p1',
      acceptedAt: builtAt,
      status: 'WAIT',
    });
  });

  it('takes from a delivery what it says of its invocation, and no more', () => {
    expect(
      fold(undefined, { ...(delivery() as Extract<StatusEvent, { kind: 'delivery' }>), functionUrn: builtUrn }),
    ).toMatchObject({
      functionUrn: builtUrn,
      project: '',
      acceptedAt: 0,
    });
  });

  it('shows no message while an attempt runs, and no start where none is known', () => {
    expect(foldAll([waiting(2, 5), running(2, 9)])).toMatchObject({ errorMessage: '', status: 'RUNNING', attempts: 2 });
    const { startedAt: _none, ...never } = settled() as Extract<StatusEvent, { kind: 'settled' }>;
    expect(foldAll([running(1, 5), never])).not.toHaveProperty('startedAt');
  });

  it('has no due time once it no longer waits', () => {
    expect(foldAll([waiting(2, 900), queued(2)])).not.toHaveProperty('dueAt');
    expect(foldAll([waiting(2, 900), settled()])).not.toHaveProperty('dueAt');
  });

  const place: fc.Arbitrary<RecordPlace> = fc.record(
    {
      topic: fc.constantFrom('invocations', 'invocations.bulk', 'delays.near'),
      partition: fc.nat(1),
      offset: fc.nat(2),
      at: fc.nat(2).map(at),
    },
    { noNullPrototype: true },
  );

  it('keeps the three newest places of its payload, also after the settlement', () => {
    const offsets = (events: StatusEvent[]) => foldAll(events)?.places.map(({ offset }) => offset);
    const events = [3, 1, 4, 2, 4].map((offset) => placed({ topic: 'invocations', partition: 0, offset, at: at(offset * 10) }));
    expect([offsets(events), offsets([settled(), ...events.toReversed()])]).toEqual([
      [4, 3, 2],
      [4, 3, 2],
    ]);
  });

  const event: fc.Arbitrary<StatusEvent> = fc.oneof(
    fc.integer({ min: 1, max: 4 }).map(queued),
    fc.constantFrom('a', 'b').map((payloadRef): StatusEvent => ({ ...queued(1), payloadRef })),
    fc.constantFrom('a', 'b').map((responseRef) => settled({ responseRef })),
    place.map(placed),
    fc.tuple(fc.integer({ min: 2, max: 4 }), fc.nat(50)).map(([attempt, due]) => waiting(attempt, due)),
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(50)).map(([attempt, started]) => running(attempt, started)),
    fc
      .tuple(
        fc.constantFrom('', 'SystemError', 'OutOfMemory' as const),
        fc.nat(3),
        fc.nat(2),
        fc.option(fc.nat(2), { nil: undefined }),
      )
      .map(([condition, ended, attempts, started]) =>
        settled({
          condition: condition as '',
          endedAt: at(ended),
          attempts,
          errorMessage: condition,
          ...(started === undefined ? {} : { startedAt: at(started) }),
        }),
      ),
    fc
      .record({
        deliveryId: fc.constantFrom('a', 'b'),
        state: fc.constantFrom('pending' as const, 'delivered' as const, 'undelivered' as const),
        tries: fc.nat(3),
        at: fc.nat(3).map(at),
        reason: fc.constantFrom('', 'a', 'b'),
      })
      .map(delivery),
  );

  it('folds to the same record in any order, and again', () => {
    fc.assert(
      fc.property(
        fc
          .array(event, { maxLength: 8 })
          .chain((events) =>
            fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
          ),
        ([events, shuffled]) => {
          expect(foldAll(shuffled)).toStrictEqual(foldAll(events));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
