import { describe, expect, it } from 'vitest';
import { aDelivery, anInvocation, asIncoming, builtAt, inHand, ManualClock, NotedActs, RecordingPublisher } from '#testing';
import {
  bareUrnOf,
  decodeInvocation,
  decodeSettlement,
  delayed,
  encodeCancellation,
  encodeDelivery,
  encodeInvocation,
  encodePurge,
  epochMs,
  type IncomingRecord,
  eventId,
  type Invocation,
  type OutgoingRecord,
  PlatformError,
  Topics,
} from '#contracts';
import { Cancellations, ExpressRate, type Tracing, untraced } from '#platform';
import { requeueAfterMs, WaitingRoom } from './waiting-room.ts';

function setUp(tracing: Tracing = untraced) {
  const clock = new ManualClock(builtAt);
  const publisher = new RecordingPublisher(clock);
  const cancellations = new Cancellations();
  const room = new WaitingRoom({
    publisher,
    clock,
    cancellations,
    topics: new Topics('s.'),
    observer: { left: () => undefined },
    rate: new ExpressRate(3),
    tracing,
  });
  const arrive = (record: OutgoingRecord, timestampMs = 0) => asIncoming(record, epochMs(builtAt + timestampMs));
  const waiting = (dueInMs: number, given: Parameters<typeof anInvocation>[0] = {}): IncomingRecord => {
    const dueAt = epochMs(builtAt + dueInMs);
    const invocation = anInvocation({ attempt: 2, dueAt, lastError: 'no luck', ...given });
    return arrive(delayed(encodeInvocation('x', invocation), 's.delays.near', 'invocations', dueAt));
  };
  /** The records published so far, each with the time since the start, in milliseconds. */
  const written = () => publisher.records.map((record, index) => ({ record, atMs: (publisher.times[index] ?? 0) - builtAt }));
  const breakBroker = (isGone: boolean) => {
    publisher.failure = isGone ? new PlatformError('BROKER_UNAVAILABLE') : undefined;
  };
  return { clock, written, room, cancellations, waiting, arrive, breakBroker };
}

const never = new AbortController().signal;
const hourMs = 3_600_000;

function cancellationOf(invocation: Invocation) {
  const { key = null, headers } = encodeCancellation('s.cancellations', invocation);
  return { key, headers };
}

describe('WaitingRoom', () => {
  it('links the span of a release to the act before, and hands its own context on', async () => {
    const acts = new NotedActs();
    const { clock, written, room, waiting } = setUp(acts);
    const [accepted, attempted] = ['aa', 'bb'].map((id) => `00-${'a'.repeat(32)}-${id.repeat(8)}-01`) as [string, string];
    const retry = room.hold('delays.near', waiting(1_000, { traceparent: accepted, traceLink: attempted }), never, inHand());
    const first = room.hold('delays.near', waiting(2_000, { requestId: 'delayed', traceparent: accepted }), never, inHand());
    await clock.advance(2_000);
    await Promise.all([retry, first]);
    expect(acts.ended).toEqual([
      { name: 'release', parent: accepted, after: attempted, fault: undefined },
      { name: 'release', parent: accepted, after: accepted, fault: undefined },
    ]);
    expect(written().map(({ record }) => decodeInvocation(asIncoming(record)))).toMatchObject([
      { traceparent: accepted, traceLink: acts.context(1) },
      { traceparent: accepted, traceLink: acts.context(2) },
    ]);
  });

  it('settles at once what was accepted before a purge of its function, whether it waits or comes later', async () => {
    const { written, room, cancellations, waiting } = setUp();
    const held = room.hold('delays.near', waiting(10_000, { requestId: 'held' }), never, inHand());
    void room.hold('delays.near', waiting(10_000, { requestId: 'kept', acceptedAt: epochMs(builtAt + 1) }), never, inHand());
    const mark = { bareUrn: bareUrnOf(anInvocation().functionUrn), acceptedUntil: builtAt, includesRunning: false };
    cancellations.add(asIncoming(encodePurge('s.cancellations', mark)));
    await Promise.all([held, room.hold('delays.near', waiting(10_000, { requestId: 'later' }), never, inHand())]);
    const settled = written().map(({ record }) => decodeSettlement(asIncoming(record)));
    expect(settled.map(({ condition, invocation }) => [condition, invocation.requestId])).toEqual([
      ['InvocationCanceled', 'held'],
      ['InvocationCanceled', 'later'],
    ]);
    expect(room.sizeByRelease.invocations).toBe(1);
  });

  it('releases the invocations above the rate of their function to the bulk lane, and others as usual', async () => {
    const { clock, written, room, waiting } = setUp();
    const quiet = anInvocation().functionUrn.replace(/[^:]+:latest$/, 'quiet:latest');
    for (let n = 0; n < 5; n++) void room.hold('delays.near', waiting(1_000, { requestId: `noisy-${n}` }), never, inHand());
    void room.hold('delays.near', waiting(1_000, { requestId: 'quiet', functionUrn: quiet }), never, inHand());
    await clock.advance(1_000);
    const [express, bulk] = ['s.invocations', 's.invocations.bulk'].map((topic) =>
      written().flatMap(({ record }) => (record.topic === topic ? [record] : [])),
    );
    expect(express?.map(({ headers }) => headers['function-urn']).filter((urn) => urn === quiet)).toEqual([quiet]);
    const spread = { key: bareUrnOf(anInvocation().functionUrn), places: 1 };
    expect([express?.length, bulk?.map((record) => record.spread)]).toEqual([4, [spread, spread]]);
  });

  it('releases an invocation at its due time and not a millisecond before', async () => {
    const { clock, written, room, waiting } = setUp();
    const held = room.hold('delays.near', waiting(1_000), never, inHand());
    await clock.advance(999);
    expect(written()).toEqual([]);
    await clock.advance(1);
    await held;
    expect(written().map(({ record, atMs }) => [record.topic, atMs, decodeInvocation(record).attempt])).toEqual([
      ['s.invocations', 1_000, 2],
    ]);
    expect(written()[0]?.record.headers['release-to']).toBeUndefined();
  });

  it('releases by due time, whatever the order of arrival', async () => {
    const { clock, written, room, waiting } = setUp();
    expect(room.nextDueInMs).toBe(Number.POSITIVE_INFINITY);
    for (const dueInMs of [300, 100, 200]) void room.hold('delays.near', waiting(dueInMs), never, inHand());
    expect(room.nextDueInMs).toBe(100);
    await clock.advance(1_000);
    expect(written().map(({ atMs }) => atMs)).toEqual([100, 200, 300]);
    expect([room.size, room.heldBytes]).toEqual([0, 0]);
  });

  it('moves a record on at the end of its dwell', async () => {
    const { clock, written, room, waiting } = setUp();
    void room.hold('delays.2m', waiting(200_000), never, inHand());
    await clock.advance(120_000);
    expect(written().map(({ record, atMs }) => [record.topic, atMs])).toEqual([['s.delays.30s', 120_000]]);
  });

  it.each([
    ['set back by an hour', -hourMs],
    ['set forward by an hour', hourMs],
  ])('releases a record after 10 s although the clock was %s meanwhile', async (_step, stepMs) => {
    const { clock, written, room, waiting } = setUp();
    void room.hold('delays.near', waiting(10_000), never, inHand());
    await clock.advance(4_000);
    clock.step(stepMs);
    await clock.advance(5_999);
    expect(written()).toEqual([]);
    await clock.advance(1);
    expect(written().map(({ record }) => record.topic)).toEqual(['s.invocations']);
  });

  it('releases a record within 2 s after the machine slept past its due time', async () => {
    const { clock, written, room, waiting } = setUp();
    void room.hold('delays.8h', waiting(hourMs + 10_000, { expiresAt: epochMs(builtAt + 2 * hourMs) }), never, inHand());
    await clock.advance(1_000);
    clock.sleep(hourMs + 20_000);
    await clock.advance(2_000);
    expect(written().map(({ record }) => record.topic)).toEqual(['s.invocations']);
  });

  it.each([-hourMs, hourMs])('keeps the distances of a record that moves on after a step of %i ms', async (stepMs) => {
    const { clock, written, room, waiting } = setUp();
    void room.hold('delays.30s', waiting(50_000, { expiresAt: epochMs(builtAt + 70_000) }), never, inHand());
    clock.step(stepMs);
    await clock.advance(30_000);
    const moved = written()[0]?.record ?? expect.fail();
    const left = ['due-at', 'expires-at'].map((name) => Number(moved.headers[name]) - clock.now());
    expect([moved.topic, left]).toEqual(['s.delays.near', [20_000, 40_000]]);
  });

  it('keeps a record for 1 s if the broker dated it so long ago that its dwell seems over', async () => {
    const { clock, written, room, waiting } = setUp();
    const record = { ...waiting(100_000), timestamp: epochMs(builtAt - hourMs) };
    void room.hold('delays.30s', record, never, inHand());
    await clock.advance(requeueAfterMs - 1);
    expect(written()).toEqual([]);
    await clock.advance(1);
    expect(written().map(({ record: { topic } }) => topic)).toEqual(['s.delays.30s']);
  });

  it('rejects a record that cannot be decoded at its due time, and releases the next ones', async () => {
    const { clock, written, room, waiting } = setUp();
    const broken = waiting(200_000, { expiresAt: epochMs(builtAt + 1_000) });
    const { 'function-urn': _, ...headers } = broken.headers;
    const held = room.hold('delays.near', { ...broken, headers }, never, inHand());
    const fate = expect(held).rejects.toMatchObject({ code: 'CONTRACT_VIOLATED' });
    void room.hold('delays.near', waiting(2_000), never, inHand());
    await clock.advance(2_000);
    await fate;
    expect(written().map(({ atMs }) => atMs)).toEqual([2_000]);
  });

  it('settles an invocation whose validity period ends while it waits', async () => {
    const { clock, written, room, waiting } = setUp();
    void room.hold('delays.near', waiting(1_000, { expiresAt: epochMs(builtAt + 600) }), never, inHand());
    await clock.advance(600);
    const settlement = decodeSettlement(written()[0]?.record ?? expect.fail());
    expect([settlement.condition, settlement.attempts, settlement.errorMessage, written()[0]?.atMs]).toEqual([
      'EventAgeExceeded',
      1,
      'no luck',
      600,
    ]);
  });

  it('settles a cancelled invocation at once', async () => {
    const { clock, written, room, waiting, cancellations } = setUp();
    const held = room.hold('delays.near', waiting(1_000), never, inHand());
    cancellations.add(cancellationOf(anInvocation()));
    await held;
    const settlement = decodeSettlement(written()[0]?.record ?? expect.fail());
    expect([settlement.condition, settlement.errorMessage]).toEqual(['InvocationCanceled', 'function invocation canceled']);
    await clock.advance(2_000);
    expect(written().length).toBe(1);
  });

  it('settles an invocation that was cancelled before its record arrived', async () => {
    const { written, room, waiting, cancellations } = setUp();
    cancellations.add(cancellationOf(anInvocation()));
    await room.hold('delays.8h', waiting(80_000_000), never, inHand());
    expect(decodeSettlement(written()[0]?.record ?? expect.fail()).condition).toBe('InvocationCanceled');
  });

  it('ignores a cancellation of another function with the same request id', async () => {
    const { clock, written, room, waiting, cancellations } = setUp();
    void room.hold('delays.near', waiting(1_000), never, inHand());
    cancellations.add(cancellationOf(anInvocation({ functionUrn: 'urn:fss:local:p2:function:default:hello:latest' })));
    await clock.advance(1_000);
    expect(written().map(({ record }) => record.topic)).toEqual(['s.invocations']);
  });

  it('releases a notification although its invocation was cancelled', async () => {
    const { clock, written, room, arrive, cancellations } = setUp();
    const dueAt = epochMs(builtAt + 7_200_000);
    const delivery = aDelivery({ try: 2, dueAt });
    cancellations.add(cancellationOf(anInvocation({ requestId: eventId(delivery.event) })));
    void room.hold(
      'delays.near',
      arrive(delayed(encodeDelivery('x', delivery), 's.delays.near', 'notifications', dueAt)),
      never,
      inHand(),
    );
    await clock.advance(7_200_000);
    expect(written().map(({ record }) => record.topic)).toEqual(['s.notifications']);
  });

  it('rejects the record if the release could not be written, so that its offset is not committed', async () => {
    const { clock, room, waiting, breakBroker } = setUp();
    breakBroker(true);
    const held = room.hold('delays.near', waiting(10), never, inHand());
    const failure = expect(held).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await clock.advance(10);
    await failure;
  });

  it('writes nothing for a partition that another process has taken over', async () => {
    const { clock, written, room, waiting } = setUp();
    const lost = new AbortController();
    const held = room.hold('delays.near', waiting(10), lost.signal, inHand(lost.signal));
    lost.abort();
    await held;
    await clock.advance(100);
    expect([written(), room.heldBytes]).toEqual([[], 0]);
  });
});
