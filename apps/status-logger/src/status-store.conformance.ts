/**
 * Goal: every adapter keeps each promise of the port, also while two handles write to one store.
 * Method: events go in through `fold`, records come out through `query`. `beforeCommit` is called
 * while the locks are held, so the order of its calls is the order of the commits.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  conditions,
  type DeliveryStatus,
  epochMs,
  type InvocationSearch,
  type NoticePlace,
  type NoticeQuery,
  redriveParentTag,
  redriveTag,
  type Reject,
  type RejectQuery,
  type StatusQuery,
  type Tally,
} from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import { fold, type FoldedRecord, type StatusEvent } from '#lifecycle';
import { builtAt, builtUrn } from '#testing';
import type { StatusChange } from './status-changes.ts';
import type { StatusStore } from './status-store.ts';

/** An empty store that several handles may be opened on. */
export interface StoreUnderTest {
  open(): Promise<StatusStore>;
  /** Called when all handles are closed. */
  remove(): Promise<void>;
}

type EventOf<Kind> = Extract<StatusEvent, { kind: Kind }>;
const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
const at = (ms: number) => epochMs(builtAt + ms);
const queued = (given: Partial<EventOf<'queued'>> = {}): EventOf<'queued'> => ({
  ...subject,
  kind: 'queued',
  attempt: 1,
  lastError: '',
  place: { topic: 'invocations', partition: 0, offset: 0, at: at(0) },
  ...given,
});
const running = (attempt: number): StatusEvent => ({ ...subject, kind: 'running', attempt, startedAt: at(attempt) });
const waiting = (attempt: number): StatusEvent => ({
  ...subject,
  kind: 'waiting',
  attempt,
  dueAt: at(900),
  lastError: 'broke',
  place: { topic: 'delays.near', partition: 0, offset: 5, at: at(5) },
});
const settled = (given: Partial<EventOf<'settled'>> = {}): StatusEvent => ({
  ...subject,
  kind: 'settled',
  condition: '',
  attempts: 1,
  startedAt: at(1),
  endedAt: at(2),
  errorMessage: '',
  ...given,
});
const delivery = (given: Partial<DeliveryStatus> = {}): StatusEvent => ({
  kind: 'delivery',
  requestId: 'r1',
  delivery: { deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: at(3), ...given },
});
const ignore = async () => undefined;
const all: StatusQuery = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 100 };

/** Runs the promises of a status store against one adapter. */
export function statusStoreConformance(name: string, prepare: () => Promise<StoreUnderTest>): void {
  describe(`the ${name} status store`, () => {
    let under: StoreUnderTest;
    let store: StatusStore;
    let other: StatusStore;
    beforeEach(async () => {
      under = await prepare();
      store = await under.open();
      other = await under.open();
    });
    afterEach(async () => {
      await store.close();
      await other.close();
      await under.remove();
    });

    const ordered = (marks: readonly FinishedTo[]) =>
      marks.toSorted((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);

    it('tells every process how far each partition is folded, and never goes back', async () => {
      const mark = (topic: string, partition: number, finishedTo: bigint) => ({ topic, partition, finishedTo });
      expect(await other.progress()).toEqual([]);
      await store.fold([queued()], ignore, [mark('a', 1, 5n), mark('a', 0, 7n)]);
      await other.fold([], ignore, [mark('b', 0, 2n), mark('a', 0, 6n)]);
      const marks = [mark('a', 0, 7n), mark('a', 1, 5n), mark('b', 0, 2n)];
      expect([ordered(await store.progress()), ordered(await other.progress())]).toEqual([marks, marks]);
    });

    it('goes back with a partition whose topic was made again', async () => {
      const mark = (partition: number, finishedTo: bigint) => ({ topic: 'a', partition, finishedTo });
      await store.fold([], ignore, [mark(0, 500n), mark(1, 500n)]);
      await other.fold([], ignore, [{ ...mark(0, 3n), mayGoBack: true }, mark(1, 3n)]);
      expect(ordered(await store.progress())).toEqual([mark(0, 3n), mark(1, 500n)]);
    });

    it('stores no progress of a transaction that failed', async () => {
      const failing = async () => Promise.reject(new Error('the log failed'));
      const marks = [{ topic: 'a', partition: 0, finishedTo: 1n }];
      await expect(store.fold([queued()], failing, marks)).rejects.toThrow('the log failed');
      expect(await store.progress()).toEqual([]);
    });

    const put = async (...events: StatusEvent[]) => store.fold(events, ignore);
    const records = async (query: Partial<StatusQuery> = {}) => (await store.query({ ...all, ...query })).records;
    const ids = async (query: Partial<StatusQuery> = {}) => (await records(query)).map(({ requestId }) => requestId);
    const changesOf = async (...events: StatusEvent[]) => {
      const changes: StatusChange[] = [];
      await store.fold(events, async (reported) => void changes.push(...reported));
      return changes;
    };
    /** The record that the store should hold after these events, in any order. */
    const expected = (events: readonly StatusEvent[]) => {
      const {
        stage: _stage,
        places: _places,
        history: _history,
        expiresAt: _expiresAt,
        lateMs: _lateMs,
        failureRoute: _failureRoute,
        ...record
      } = events.reduce<FoldedRecord | undefined>(fold, undefined) ?? expect.fail();
      return record;
    };

    describe('tags', () => {
      const tagged = (requestId: string, tags: readonly string[], given: Partial<EventOf<'queued'>> = {}) =>
        queued({ requestId, tags, ...given });

      it('the store finds invocations by a tag, newest first, with the other filters', async () => {
        await put(tagged('old', ['a', 'b'], { acceptedAt: at(-5) }), tagged('new', ['b', 'c']), queued({ requestId: 'none' }));
        await put({ ...settled({ requestId: 'new' }), tags: ['b', 'c'] });
        expect(await ids({ tag: 'b' })).toEqual(['new', 'old']);
        expect(await ids({ tag: 'b', statuses: ['WAIT'] })).toEqual(['old']);
        expect(await ids({ tag: 'b', beginAt: at(-1) })).toEqual(['new']);
        expect(await ids({ tag: 'b', functionUrns: ['urn:other'] })).toEqual([]);
        expect(await ids({ tag: 'b', project: 'p2' })).toEqual([]);
        const page = await store.query({ ...all, tag: 'b', offset: 1, limit: 1 });
        expect([page.count, page.records.map(({ tags }) => tags)]).toEqual([2, [['a', 'b']]]);
      });

      it('the store keeps one of two lists of tags for one request id, in any order, and finds by it alone', async () => {
        await put(tagged('r1', ['x']));
        await put(tagged('r1', ['a']));
        await other.fold([tagged('r1', ['x'])], ignore);
        expect([await ids({ tag: 'a' }), await ids({ tag: 'x' })]).toEqual([['r1'], []]);
      });

      it('the store keeps tags through an event that does not repeat them', async () => {
        await put(running(1));
        await put(tagged('r1', ['a']));
        await put(running(2));
        expect(await ids({ tag: 'a' })).toEqual(['r1']);
      });
    });

    describe('notices', () => {
      const asked: NoticeQuery = {
        project: 'p1',
        states: ['pending', 'delivered', 'undelivered'],
        beginAt: epochMs(0),
        endAt: epochMs(builtAt * 2),
        limit: 100,
      };
      const told = (requestId: string, given: Partial<DeliveryStatus> = {}): StatusEvent => ({
        ...delivery(given),
        ...subject,
        requestId,
      });
      const listed = async (query: Partial<NoticeQuery> = {}) =>
        (await store.notices({ ...asked, ...query })).notices.map(({ requestId, deliveryId }) => `${requestId} ${deliveryId}`);

      it('the store lists every field of a delivery, also if it is known before its invocation', async () => {
        await put(delivery({ state: 'undelivered', reason: 'gone', location: 'there' }));
        expect(await listed()).toEqual([]);
        await put(settled());
        const { deliveryId, ...rest } = { deliveryId: 'DIS:x', state: 'undelivered', tries: 1, at: at(3) };
        const facts = { reason: 'gone', location: 'there', requestId: 'r1', functionUrn: builtUrn, acceptedAt: builtAt };
        expect(await store.notices(asked)).toEqual({ notices: [{ deliveryId, ...rest, ...facts }], hasMore: false });
      });

      it('the store finds deliveries by their present state, function, target and time', async () => {
        await put(told('a'), { ...told('b', { deliveryId: 'DIS:y' }), acceptedAt: at(-5) });
        await put(told('c', { state: 'pending', tries: 0 }), {
          ...told('d', { state: 'undelivered' }),
          functionUrn: 'urn:other',
        });
        expect(await listed({ states: ['pending'] })).toEqual(['c DIS:x']);
        expect(await listed({ functionUrns: ['urn:other'] })).toEqual(['d DIS:x']);
        expect(await listed({ functionUrns: [] })).toEqual([]);
        expect(await listed({ deliveryId: 'DIS:y' })).toEqual(['b DIS:y']);
        expect(await listed({ endAt: at(-1) })).toEqual(['b DIS:y']);
        expect(await listed({ project: 'p2' })).toEqual([]);
        await put(told('c', { tries: 2, at: at(9) }));
        expect(await listed({ states: ['pending'] })).toEqual([]);
        expect(await listed({ states: ['delivered'] })).toEqual(['a DIS:x', 'c DIS:x', 'b DIS:y']);
      });

      it('the store pages through deliveries without gap or repeat', async () => {
        const states = asked.states;
        const events = Array.from({ length: 23 }, (_, index) => ({
          ...told(`r${index % 6}`, { deliveryId: `DIS:${index}`, state: states[index % 3] ?? 'pending' }),
          acceptedAt: at(-(index % 3)),
        }));
        await put(...events);
        const whole = await listed();
        const seen: string[] = [];
        let after: NoticePlace | undefined;
        for (let more = true; more; ) {
          const page = await store.notices({ ...asked, limit: 4, ...(after === undefined ? {} : { after }) });
          seen.push(...page.notices.map(({ requestId, deliveryId }) => `${requestId} ${deliveryId}`));
          after = page.notices.at(-1);
          more = page.hasMore;
        }
        expect(whole).toHaveLength(23);
        expect(seen).toEqual(whole);
      });

      it('the store tells of each target its open deliveries, its last success and its last error', async () => {
        await put(
          told('a', { state: 'delivered', at: at(4) }),
          told('b', { state: 'pending', reason: 'busy', at: at(5) }),
          told('c', { state: 'undelivered', reason: 'gone', at: at(6) }),
          told('d', { deliveryId: 'OBS:y', state: 'pending', tries: 0, at: at(7) }),
        );
        const targets = [
          { deliveryId: 'DIS:x', pending: 1, undelivered: 1, deliveredAt: at(4), error: { reason: 'gone', at: at(6) } },
          { deliveryId: 'OBS:y', pending: 1, undelivered: 0 },
        ];
        expect(await store.targets({ project: 'p1', limit: 10 })).toEqual({ targets, hasMore: false });
        expect(await store.targets({ project: 'p1', limit: 1 })).toEqual({ targets: targets.slice(0, 1), hasMore: true });
        expect(await store.targets({ project: 'p1', after: 'DIS:x', limit: 1 })).toEqual({
          targets: targets.slice(1),
          hasMore: false,
        });
        expect(await store.targets({ project: 'p2', limit: 1 })).toEqual({ targets: [], hasMore: false });
      });

      it('deliveries and tags go with the record of their invocation', async () => {
        await put(...['gone', 'kept'].map((requestId) => ({ ...settled({ requestId }), tags: ['a'] })));
        await put(told('gone', { at: at(3) }), told('kept', { at: at(3_000) }));
        await store.sweep(at(1_000), 10);
        expect([await listed(), await ids({ tag: 'a' })]).toEqual([['kept DIS:x'], ['kept']]);
        expect((await store.targets({ project: 'p1', limit: 1 })).targets).toMatchObject([{ deliveredAt: at(3_000) }]);
      });
    });

    it.each<[string, StatusEvent[]]>([
      ['waits', [queued()]],
      ['waits for a retry', [queued(), waiting(2)]],
      ['runs', [running(1)]],
      ['failed', [settled({ condition: 'OutOfMemory', errorMessage: 'too much' })]],
      ['was delivered', [settled(), delivery({ location: 'orders/0', reason: 'late' })]],
    ])('the store keeps every field of an invocation that %s', async (_state, events) => {
      await put(...events);
      expect(await records()).toEqual([expected(events)]);
    });

    it('the store keeps the progress of an invocation when later events arrive in another batch', async () => {
      const story = [queued(), running(1), waiting(2), settled({ attempts: 2 }), delivery()];
      for (const event of story) await put(event);
      expect(await records()).toEqual([expected(story)]);
    });

    it('the store keeps the newest places of the payload, whichever comes first', async () => {
      const place = (offset: number) => ({ topic: 'delays.near', partition: 3, offset, at: at(offset) }) as const;
      await put(queued({ place: place(7) }));
      await put({ ...waiting(2), place: place(9) } as StatusEvent, queued({ place: place(8) }));
      expect((await store.notOver(at(1), 10))[0]?.places).toEqual([place(9), place(8), place(7)]);
    });

    it('a search tells the places of payloads if it asks for them', async () => {
      const place = { topic: 'invocations', partition: 1, offset: 4, at: at(0) } as const;
      await put(queued({ place }), settled());
      const search = { project: 'p1', beginAt: epochMs(0), endAt: at(1), limit: 1 };
      const placesOf = async (more: object) => (await store.search({ ...search, ...more })).records.map(({ places }) => places);
      expect([await placesOf({ withPlaces: true }), await placesOf({})]).toEqual([[[place]], [undefined]]);
    });

    it('a search tells which invocations a redrive has started again if it asks for that', async () => {
      const child = { ...queued({ requestId: 'child' }), tags: [redriveParentTag('parent'), redriveTag('one')] } as StatusEvent;
      await put(settled({ requestId: 'parent' }), settled({ requestId: 'other' }), child);
      const search = { project: 'p1', statuses: ['SUCCESS'] as const, beginAt: epochMs(0), endAt: at(1), limit: 9 };
      const redriven = async (more: object) =>
        (await store.search({ ...search, ...more })).records.map(({ requestId, isRedriven }) => [requestId, isRedriven]);
      expect(await redriven({ withRedriven: true })).toEqual([
        ['other', false],
        ['parent', true],
      ]);
      expect(await redriven({})).toEqual([
        ['other', undefined],
        ['parent', undefined],
      ]);
    });

    it('a search tells the histories if it asks for them', async () => {
      const place = { topic: 'delays.near', partition: 1, offset: 4, at: at(0) } as const;
      await put({ ...waiting(2), retriesUsed: 1, place } as StatusEvent, settled({ expiresAt: at(9_000) }));
      const search = { project: 'p1', beginAt: epochMs(0), endAt: at(1), limit: 1 };
      const found = async (more: object) => (await store.search({ ...search, ...more })).records[0];
      const { history, expiresAt } = (await found({ withHistory: true })) ?? {};
      expect([history?.transitions[0], expiresAt]).toEqual([
        expect.objectContaining({ kind: 'delayed', attempt: 2, retriesUsed: 1 }),
        at(9_000),
      ]);
      expect(await found({})).not.toHaveProperty('history');
    });

    it('the store keeps the history of an invocation, in whichever batches its events arrive', async () => {
      const story = [queued({ expiresAt: at(9_000) }), running(1), waiting(2), settled({ attempts: 2 }), delivery()];
      for (const event of story.toReversed()) await put(event);
      expect(await other.find('p1', 'r1')).toEqual(story.reduce<FoldedRecord | undefined>(fold, undefined));
      expect((await store.find('p1', 'r1'))?.history.transitions.map(({ kind }) => kind)).toEqual([
        'queued',
        'started',
        'started',
        'settled',
        'notice-delivered',
        'delayed',
      ]);
    });

    it('the store finds no record of another project, and none that it does not hold', async () => {
      await put(queued());
      expect([await store.find('p2', 'r1'), await store.find('p1', 'r2')]).toEqual([undefined, undefined]);
    });

    /** The counts of a function, of its project and of all projects, without zeros. */
    const counted = async (functionUrn = builtUrn) => {
      const shown = (tally: Tally | undefined) =>
        Object.fromEntries(Object.entries(tally ?? {}).filter(([, count]) => count !== 0 && count !== null));
      const [own] = await store.totals({ project: 'p1', functionUrns: [functionUrn], limit: 1 });
      const minutes = await store.minutes('p1', [functionUrn], 0, at(1e9));
      return { total: shown(own?.tally), minutes: minutes.map(({ minute, tally }) => [minute - firstMinute, shown(tally)]) };
    };
    const firstMinute = Math.floor(builtAt / 60_000) * 60_000;

    it('the store counts accepted and ended invocations, attempts, durations, lateness and notices', async () => {
      await put(
        queued({ expiresAt: at(60_000) }),
        queued({ requestId: 'r2' }),
        { ...waiting(2), requestId: 'r3' },
        { ...running(1), requestId: 'r4' },
      );
      expect((await counted()).total).toEqual({ accepted: 4, queued: 2, delayed: 1, running: 1, due: 1, expiring: 1 });
      await put(
        settled({ startedAt: at(10), endedAt: at(40), lateMs: 10 }),
        settled({
          requestId: 'r2',
          condition: 'OutOfMemory',
          attempts: 3,
          startedAt: at(60_000),
          endedAt: at(60_100),
          lateMs: 0,
        }),
        delivery({ state: 'pending', tries: 0 }),
      );
      const early = { attempts: 1, runs: 1, run_ms: 30, starts: 1, late_ms: 10, ended_0: 1 };
      const late = { attempts: 3, runs: 1, run_ms: 100, starts: 1, ended_4204: 1 };
      expect(await counted()).toEqual({
        total: {
          ...{ accepted: 4, delayed: 1, due: 1, running: 1, ended_0: 1, ended_4204: 1, notices_pending: 1 },
          ...{ attempts: 4, runs: 2, run_ms: 130, run_ms_min: 30, run_ms_max: 100, starts: 2, late_ms: 10, late_ms_max: 10 },
        },
        minutes: [
          [
            0,
            {
              ...{ accepted: 4, delayed: 1, due: 1, running: 1, notices_pending: 1 },
              ...{ ...early, run_ms_min: 30, run_ms_max: 30, late_ms_max: 10 },
            },
          ],
          [60_000, { ...late, run_ms_min: 100, run_ms_max: 100 }],
        ],
      });
      await put(delivery({ state: 'undelivered' }));
      expect((await counted()).total).toMatchObject({ notices_undelivered: 1, accepted: 4 });
      expect(await counted('')).toEqual(await counted());
      expect((await other.grandTotal()).accepted).toBe(4);
    });

    it('the store counts each invocation once, however often and in which order its events come', async () => {
      const story = [queued(), running(1), waiting(2), queued({ attempt: 2 }), settled({ attempts: 2 }), delivery()];
      for (const event of story) await put(event);
      const inOrder = await counted();
      for (const event of story.toReversed()) await (event.kind === 'queued' ? other : store).fold([event], ignore);
      expect(await counted()).toEqual(inOrder);
      const reversed = story.toReversed().map((event) => ({ ...event, requestId: 'r2' }));
      for (const event of reversed) await put(event);
      expect((await counted()).total).toMatchObject({ accepted: 2, ended_0: 2, attempts: 4, notices_delivered: 2 });
      expect((await counted()).total).not.toHaveProperty('queued');
    });

    it('the store keeps the counts of removed records in the totals, and forgets their minutes', async () => {
      await put(settled(), queued({ requestId: 'r2', acceptedAt: at(60_000) }));
      expect(await store.sweep(at(600_000), 10)).toBe(1);
      expect(await counted()).toMatchObject({
        total: { accepted: 2, ended_0: 1, queued: 1 },
        minutes: [[60_000, { accepted: 1, queued: 1 }]],
      });
    });

    describe('rejects', () => {
      const rejected = (offset: number, given: Partial<Reject> = {}): Reject => ({
        ...{ code: 'record-malformed', functionUrn: builtUrn, project: 'p1', reason: 'odd' },
        ...{ origin: { partition: 0, offset, at: builtAt }, partition: 0, offset: offset + 100, at: at(1) },
        ...given,
      });
      const refuse = async (...rejects: Reject[]) => store.fold([], ignore, [], rejects);
      const countsOf = async (project = 'p1', functionUrn = builtUrn) => {
        const [one] = await other.totals({ project, functionUrns: [functionUrn], limit: 1 });
        return [one?.tally.rejected, one?.rejects];
      };
      const future = () => Date.now() + 3_600_000;

      it('the store counts refused records by function, project and reason, beside invocations', async () => {
        const codes = ['record-malformed', 'function-disabled', 'function-disabled'] as const;
        const unnamed = rejected(9, { functionUrn: '', project: '', code: 'function-unknown' });
        await store.fold([queued()], ignore, [], [...codes.map((code, offset) => rejected(offset, { code })), unnamed]);
        await refuse(rejected(5, { functionUrn: 'urn:other' }));
        expect(await countsOf()).toEqual([3, { 'record-malformed': 1, 'function-disabled': 2 }]);
        expect(await countsOf('p1', 'urn:other')).toEqual([1, { 'record-malformed': 1 }]);
        expect(await countsOf('p1', '')).toEqual([4, { 'record-malformed': 2, 'function-disabled': 2 }]);
        expect(await countsOf('', '')).toEqual([1, { 'function-unknown': 1 }]);
        expect(await store.grandTotal()).toMatchObject({ accepted: 1, queued: 1, rejected: 5 });
        expect((await store.totals({ project: 'p1', limit: 10 })).map(({ functionUrn }) => functionUrn)).toContain('urn:other');
        expect((await counted()).minutes).toEqual([[0, { accepted: 1, queued: 1, rejected: 3 }]]);
      });

      it('the store lists rejects of projects and functions, newest first, page by page', async () => {
        const unnamed = rejected(9, { functionUrn: '', project: '', code: 'function-unknown', at: at(3) });
        const ofOther = rejected(5, { functionUrn: 'urn:other', code: 'record-unreadable', at: at(2) });
        const later = rejected(6, { at: at(4) });
        await refuse(rejected(1), rejected(0), unnamed, ofOther, later, rejected(7, { project: 'p2', at: at(5) }));
        const list = async (query: Partial<RejectQuery> = {}) => other.rejects({ projects: ['p1', ''], limit: 10, ...query });
        const all = [later, unnamed, ofOther, rejected(0), rejected(1)];
        expect(await list()).toEqual({ rejects: all, hasMore: false });
        expect(await list({ limit: 4 })).toEqual({ rejects: all.slice(0, 4), hasMore: true });
        expect(await list({ limit: 4, after: rejected(0) })).toEqual({ rejects: [rejected(1)], hasMore: false });
        expect((await list({ projects: ['p1'] })).rejects).toEqual([later, ofOther, rejected(0), rejected(1)]);
        expect((await list({ functionUrns: ['urn:other', 'urn:none'] })).rejects).toEqual([ofOther]);
        expect((await list({ code: 'function-unknown' })).rejects).toEqual([unnamed]);
        expect((await list({ functionUrns: [] })).rejects).toEqual([]);
      });

      it('the store counts a reject once, however often it is read, and a record once that was refused twice', async () => {
        await refuse(rejected(1), rejected(0), rejected(1));
        await refuse(rejected(0), rejected(1), rejected(2));
        await other.fold([], ignore, [], [rejected(2), rejected(1, { offset: 999, at: at(50) })]);
        expect(await countsOf()).toEqual([3, { 'record-malformed': 3 }]);
      });

      it('the store counts a record of another topic of the same name, which was made anew', async () => {
        await refuse(rejected(1), rejected(1, { origin: { partition: 0, offset: 1, at: builtAt + 5 } }));
        expect((await countsOf())[0]).toBe(2);
      });

      it('two processes that read the same rejects count each once', async () => {
        const many = Array.from({ length: 40 }, (_, offset) => rejected(offset));
        const turns = many.map((_, turn) =>
          (turn % 2 === 0 ? store : other).fold([], ignore, [], [...many.slice(turn), ...many.slice(0, turn)]),
        );
        await Promise.all(turns);
        expect(await countsOf()).toEqual([40, { 'record-malformed': 40 }]);
      });

      it('the store counts nothing of a transaction that failed', async () => {
        const failing = async () => Promise.reject(new Error('the log failed'));
        await expect(store.fold([], failing, [], [rejected(1)])).rejects.toThrow('the log failed');
        expect(await countsOf()).toEqual([undefined, undefined]);
        await refuse(rejected(1));
        expect((await countsOf())[0]).toBe(1);
      });

      it('a sweep removes old rejects and keeps their counts, also if they are read again', async () => {
        await refuse(rejected(1), rejected(2), rejected(3));
        expect(await store.sweep(builtAt - 1e11, 10)).toBe(0);
        expect([await store.sweep(future(), 2), await store.sweep(future(), 2)]).toEqual([2, 1]);
        await refuse(rejected(3), rejected(1), rejected(2), rejected(4));
        expect(await countsOf()).toEqual([4, { 'record-malformed': 4 }]);
      });

      it('a reject of a topic that was made anew counts although its offset is lower than that of a removed one', async () => {
        await refuse(rejected(7));
        await store.sweep(future(), 10);
        await refuse(rejected(0, { at: at(2) }));
        expect((await countsOf())[0]).toBe(2);
      });
    });

    it('the store lists the counts of functions by URN, in pages', async () => {
      await put(...['c', 'a', 'b'].map((functionUrn) => queued({ requestId: functionUrn, functionUrn })));
      const page = async (after?: string) =>
        (await store.totals({ project: 'p1', limit: 2, ...(after === undefined ? {} : { after }) })).map(
          ({ functionUrn }) => functionUrn,
        );
      expect([await page(), await page('b')]).toEqual([['a', 'b'], ['c']]);
    });

    it('the store tells when the oldest invocation was accepted that has not ended', async () => {
      expect(await store.oldestInFlight('p1', [builtUrn])).toBeUndefined();
      await put(
        settled(),
        queued({ requestId: 'r2', acceptedAt: at(70_000) }),
        queued({ requestId: 'r3', acceptedAt: at(70_001) }),
      );
      expect([await store.oldestInFlight('p1', [builtUrn]), await store.oldestInFlight('p1', [''])]).toEqual([
        at(70_000),
        at(70_000),
      ]);
    });

    it('the store lists what has not ended although all its places lie below an offset', async () => {
      const place = (topic: 'invocations' | 'invocations.bulk', offset: number, ms: number) =>
        ({ topic, partition: 1, offset, at: at(ms) }) as const;
      await put(
        queued({ requestId: 'below', place: place('invocations', 4, 1) }),
        queued({ requestId: 'at', place: place('invocations', 5, 1) }),
        queued({ requestId: 'moved', place: place('invocations', 3, 1) }),
        queued({ requestId: 'moved', place: place('invocations.bulk', 0, 0) }),
        queued({ requestId: 'ended', place: place('invocations', 2, 1) }),
        settled({ requestId: 'ended' }),
      );
      const committed = { topic: 'invocations', partition: 1, finishedTo: 5n };
      const below = async (...offsets: FinishedTo[]) =>
        (await store.inFlightBelow(offsets, 10)).map(({ requestId }) => requestId);
      expect(await below(committed)).toEqual(['below']);
      expect(await below(committed, { ...committed, topic: 'invocations.bulk', finishedTo: 1n })).toEqual(['moved', 'below']);
      expect(await below({ ...committed, partition: 2 })).toEqual([]);
    });

    it('the store lists what has not ended and is in a span of a partition', async () => {
      const place = (offset: number, topic: 'delays.2m' | 'invocations' = 'delays.2m') =>
        ({ topic, partition: 1, offset, at: at(topic === 'invocations' ? 1 : 0) }) as const;
      await put(
        ...[3, 4, 6, 7].map((offset) => queued({ requestId: `at ${offset}`, place: place(offset) })),
        queued({ requestId: 'went on', place: place(5, 'invocations') }),
        queued({ requestId: 'went on', place: place(5) }),
        queued({ requestId: 'also at 4', place: place(4), acceptedAt: at(5) }),
        queued({ requestId: 'ended', place: place(4) }),
        settled({ requestId: 'ended' }),
      );
      const span = { topic: 'delays.2m', partition: 1, start: 4n };
      const found = await store.inFlightIn(span, 10);
      const inSpan = async (more: object, limit = 10, after?: FoldedRecord) =>
        (await store.inFlightIn({ ...span, ...more }, limit, after)).map(({ requestId }) => requestId);
      expect(await inSpan({})).toEqual(['also at 4', 'at 4', 'at 6', 'at 7']);
      expect(await inSpan({ end: 7n })).toEqual(['also at 4', 'at 4', 'at 6']);
      expect(await inSpan({ acceptedBefore: at(5) })).toEqual(['at 4', 'at 6', 'at 7']);
      expect([await inSpan({}, 1), await inSpan({}, 1, found[0]), await inSpan({}, 2, found[1])]).toEqual([
        ['also at 4'],
        ['at 4'],
        ['at 6', 'at 7'],
      ]);
      expect([await inSpan({ partition: 2 }), await inSpan({ topic: 'delays.8m' })]).toEqual([[], []]);
    });

    it('the store reports for each event the record before and after it', async () => {
      const [first] = await changesOf(queued());
      const [second, third] = await changesOf(running(1), settled());
      expect([first?.before, first?.after.status]).toEqual([undefined, 'WAIT']);
      expect(second).toMatchObject({ event: running(1), before: first?.after, after: { status: 'RUNNING' } });
      expect(third).toMatchObject({ event: settled(), before: second?.after, after: { status: 'SUCCESS' } });
    });

    it('the store reports no change for an event that it has folded before', async () => {
      const story = [queued(), running(1), settled(), delivery()];
      expect(await changesOf(...story)).toHaveLength(4);
      expect(await changesOf(...story)).toEqual([]);
    });

    it('a record is listed under its function when a delivery arrived before the invocation', async () => {
      await put(delivery());
      expect(await ids({ project: '' })).toEqual(['r1']);
      await put(queued());
      expect(await ids({ functionUrns: [builtUrn] })).toEqual(['r1']);
      expect(await ids({ project: '' })).toEqual([]);
    });

    it('nothing of a batch is stored if one of its records cannot be stored', async () => {
      const unstorable = settled({ requestId: 'r2', functionUrn: Symbol('not a text') as unknown as string });
      await expect(put(queued(), unstorable)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await ids()).toEqual([]);
      await put(queued());
      expect(await ids()).toEqual(['r1']);
    });

    it('nothing is stored if beforeCommit rejects, and the changes are reported again', async () => {
      const refusal = new Error('the log is full');
      await expect(store.fold([queued()], async () => Promise.reject(refusal))).rejects.toBe(refusal);
      expect(await ids()).toEqual([]);
      expect(await changesOf(queued())).toHaveLength(1);
      expect(await ids()).toEqual(['r1']);
    });

    it('a query shows no record before its commit', async () => {
      const seen: unknown[] = [];
      await store.fold([queued()], async () => void seen.push(await store.query(all), await other.query(all)));
      expect(seen).toEqual(Array(2).fill({ records: [], count: 0 }));
      expect((await other.query(all)).count).toBe(1);
    });

    it('a query answers newest first, in pages, with the count of all', async () => {
      const events = Array.from({ length: 1_234 }, (_, index) => queued({ requestId: `r${index}`, acceptedAt: at(index) }));
      await put(...events);
      const page = await store.query({ ...all, offset: 500, limit: 2 });
      expect([page.records.map(({ requestId }) => requestId), page.count]).toEqual([['r733', 'r732'], 1_234]);
      expect(await changesOf(...events)).toEqual([]);
    });

    it('a query selects by project, function, status and request id', async () => {
      await put(
        queued({ requestId: 'a' }),
        settled({ requestId: 'b' }),
        queued({ requestId: 'c', functionUrn: 'other' }),
        queued({ requestId: 'd', project: 'p2' }),
      );
      expect(await ids({ functionUrns: [builtUrn] })).toEqual(['a', 'b']);
      expect(await ids({ statuses: ['SUCCESS'] })).toEqual(['b']);
      expect(await ids({ requestIds: ['a', 'd'] })).toEqual(['a']);
      expect(await ids({ requestIds: [] })).toEqual([]);
      expect(await ids({ project: 'p2' })).toEqual(['d']);
    });

    const searched = { project: 'p1', beginAt: epochMs(0), endAt: at(1_000_000), limit: 100 };
    /** The request ids on each page of a search, until its end. */
    const pagesOf = async (search: Partial<InvocationSearch>) => {
      const pages: string[][] = [];
      let marker: string | undefined;
      do {
        const page = await store.search({ ...searched, ...search, ...(marker === undefined ? {} : { marker }) }, 10);
        pages.push(page.records.map(({ requestId }) => requestId));
        marker = page.next;
      } while (marker !== undefined);
      return pages;
    };
    const foundBy = async (search: Partial<InvocationSearch>) => (await pagesOf(search)).flat();

    it('a search goes on from page to page, newest first, then by request id', async () => {
      const accepted = [1, 2, 2, 2, 3].map((ms, index) => queued({ requestId: `r${index}`, acceptedAt: at(ms) }));
      await put(...accepted);
      expect(await pagesOf({ limit: 2 })).toEqual([['r4', 'r1'], ['r2', 'r3'], ['r0']]);
    });

    it('a search goes on over many records that do not match', async () => {
      const others = Array.from({ length: 25 }, (_, index) =>
        settled({ requestId: `r${index}`, acceptedAt: at(index), condition: 'SystemError', errorMessage: 'no' }),
      );
      await put(...others, settled({ requestId: 'first', acceptedAt: at(-1), condition: 'OutOfMemory', errorMessage: 'yes' }));
      expect(await pagesOf({ errorText: 'yes' })).toEqual([[], [], ['first']]);
      expect(await pagesOf({ errorCode: conditions.OutOfMemory.errorCode, limit: 1 })).toEqual([[], [], ['first'], []]);
    });

    it('a search finds by function, status, condition, error text, time and request id', async () => {
      await put(
        queued({ requestId: 'a', acceptedAt: at(5) }),
        settled({ requestId: 'b', acceptedAt: at(4) }),
        settled({ requestId: 'c', acceptedAt: at(3), condition: 'OutOfMemory', errorMessage: 'Took 100% of it' }),
        settled({
          requestId: 'd',
          acceptedAt: at(2),
          condition: 'SystemError',
          errorMessage: 'took it_all',
          functionUrn: 'other',
        }),
        { ...waiting(2), requestId: 'e', acceptedAt: at(1) } as StatusEvent,
        settled({ requestId: 'f', project: 'p2', condition: 'SystemError', errorMessage: 'took it' }),
      );
      expect(await foundBy({})).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(await foundBy({ functionUrns: [builtUrn] })).toEqual(['a', 'b', 'c', 'e']);
      expect(await foundBy({ functionUrns: ['other', builtUrn], statuses: ['FAIL'] })).toEqual(['c', 'd']);
      expect(await foundBy({ statuses: ['FAIL', 'DISCARD'] })).toEqual(['c', 'd']);
      expect(await foundBy({ statuses: ['WAIT', 'RUNNING'] })).toEqual(['a', 'e']);
      expect(await foundBy({ statuses: ['SUCCESS'] })).toEqual(['b']);
      expect(await foundBy({ errorCode: conditions.OutOfMemory.errorCode })).toEqual(['c']);
      expect(await foundBy({ errorText: 'TOOK' })).toEqual(['c', 'd']);
      expect([await foundBy({ errorText: '0%' }), await foundBy({ errorText: 't_' })]).toEqual([['c'], ['d']]);
      expect(await foundBy({ errorText: 'broke', statuses: ['WAIT'] })).toEqual(['e']);
      expect(await foundBy({ beginAt: at(2), endAt: at(4) })).toEqual(['b', 'c', 'd']);
      expect(await foundBy({ requestIds: ['a', 'd', 'f'], functionUrns: ['other'] })).toEqual(['d']);
      expect(await foundBy({ requestIds: ['c'] })).toEqual(['c']);
    });

    it('a search finds by tag, with the other filters, from page to page', async () => {
      const tagged = (event: StatusEvent, ...tags: string[]): StatusEvent => ({ ...event, tags }) as StatusEvent;
      await put(
        ...Array.from({ length: 15 }, (_, index) => tagged(queued({ requestId: `b${index}`, acceptedAt: at(50 - index) }), 'x')),
        tagged(queued({ requestId: 'a', acceptedAt: at(5) }), 'x', 'x_y'),
        tagged(settled({ requestId: 'c', acceptedAt: at(4), functionUrn: 'other' }), 'x'),
        tagged(queued({ requestId: 'd', acceptedAt: at(3) }), 'X', 'xzy'),
        tagged(queued({ requestId: 'e', acceptedAt: at(2), project: 'p2' }), 'x'),
      );
      expect((await foundBy({ tag: 'x' })).slice(-3)).toEqual(['b14', 'a', 'c']);
      expect((await pagesOf({ tag: 'x', limit: 9 })).map((page) => page.length)).toEqual([9, 8]);
      expect(await foundBy({ tag: 'x_y' })).toEqual(['a']);
      expect(await foundBy({ tag: 'X' })).toEqual(['d']);
      expect(await foundBy({ tag: 'y' })).toEqual([]);
      expect(await foundBy({ tag: 'x', functionUrns: ['other'] })).toEqual(['c']);
      expect(await foundBy({ tag: 'x', statuses: ['SUCCESS'] })).toEqual(['c']);
      expect(await foundBy({ tag: 'x', beginAt: at(5), endAt: at(6) })).toEqual(['a']);
      expect(await foundBy({ tag: 'x', requestIds: ['c', 'd'] })).toEqual(['c']);
    });

    it('a search does not find by a tag that was replaced', async () => {
      await put({ ...queued(), tags: ['x'] });
      await put({ ...queued(), tags: ['a'] });
      expect([await foundBy({ tag: 'a' }), await foundBy({ tag: 'x' })]).toEqual([['r1'], []]);
    });

    it('a query includes both ends of the time window', async () => {
      await put(queued());
      expect(await ids({ beginAt: builtAt, endAt: builtAt })).toEqual(['r1']);
      expect(await ids({ beginAt: at(1) })).toEqual([]);
      expect(await ids({ endAt: at(-1) })).toEqual([]);
    });

    it('a sweep removes records that were over before an instant, at most as many as asked', async () => {
      await put(...['a', 'b', 'c'].map((requestId) => settled({ requestId, endedAt: at(2) })));
      expect(await store.sweep(at(2), 10)).toBe(0);
      expect(await store.sweep(at(3), 2)).toBe(2);
      expect((await store.query(all)).count).toBe(1);
    });

    it.each<[string, StatusEvent[]]>([
      ['waits for its first attempt', [queued()]],
      ['runs', [running(1)]],
      ['waits for a retry', [waiting(2)]],
      ['has ended, while a delivery waits for its next try', [settled(), delivery({ state: 'pending', dueAt: at(9) })]],
    ])('a sweep keeps the record of an invocation that %s, however old it is', async (_state, events) => {
      await put(...events);
      expect(await store.sweep(at(1_000_000), 10)).toBe(0);
      expect(await ids()).toEqual(['r1']);
      await put(settled(), delivery());
      expect(await store.sweep(at(1_000_000), 10)).toBe(1);
    });

    it('a sweep counts the age of a record from its last delivery', async () => {
      await put(settled({ endedAt: at(2) }), delivery({ at: at(500) }));
      expect([await store.sweep(at(500), 10), await store.sweep(at(501), 10)]).toEqual([0, 1]);
    });

    it('records that are not over are listed by age, whatever their project', async () => {
      await put(
        queued({ requestId: 'late', acceptedAt: at(3) }),
        running(1),
        settled({ requestId: 'over' }),
        queued({ requestId: 'new', acceptedAt: at(9), project: 'p2' }),
        delivery({ state: 'pending' }),
      );
      const open = async (before: number, limit: number) =>
        (await store.notOver(at(before), limit)).map(({ requestId }) => requestId);
      expect([await open(9, 10), await open(9, 1), await open(0, 10), await open(10, 10)]).toEqual([
        ['r1', 'late'],
        ['r1'],
        [],
        ['r1', 'late', 'new'],
      ]);
      const [first, ...others] = await store.notOver(at(10), 10);
      expect(first).toMatchObject({ status: 'RUNNING', stage: expect.any(Number) });
      expect(await store.notOver(at(10), 10, first)).toEqual(others);
      await put(queued({ requestId: 'later', acceptedAt: at(3) }));
      const [late] = others;
      expect((await store.notOver(at(10), 1, late)).map(({ requestId }) => requestId)).toEqual(['later']);
    });

    it('a store is new until it is marked as built, for all who open it', async () => {
      await put(queued());
      expect([await store.isNew(), await other.isNew()]).toEqual([true, true]);
      await store.markBuilt();
      await other.markBuilt();
      expect([await store.isNew(), await other.isNew()]).toEqual([false, false]);
    });

    it('a second writer waits for the commit of the first', async () => {
      const order: string[] = [];
      let second: Promise<void> = Promise.resolve();
      await store.fold([settled()], async () => {
        second = other.fold([delivery()], async ([change]) => void order.push(`second after ${change?.before?.status}`));
        for (let turn = 0; turn < 20; turn++) await nextTurn();
        order.push('first');
      });
      await second;
      expect(order).toEqual(['first', 'second after SUCCESS']);
      expect(await records()).toEqual([expected([settled(), delivery()])]);
    });

    it('a second writer goes on when the first one fails', async () => {
      let second: Promise<void> = Promise.resolve();
      const first = store.fold([queued()], async () => {
        second = other.fold([delivery()], ignore);
        await nextTurn();
        throw new Error('the log is full');
      });
      await expect(first).rejects.toThrow('the log is full');
      await second;
      expect(await records({ project: '' })).toEqual([expected([delivery()])]);
    });

    const story = [queued(), running(1), waiting(2), queued({ attempt: 2 }), running(2), settled({ attempts: 2 }), delivery()];
    const dealt = fc.shuffledSubarray([...story, ...story], { minLength: story.length * 2 }).chain((events) =>
      fc.record({
        batches: fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 4 })), { minLength: 14, maxLength: 14 }),
        events: fc.constant(events),
      }),
    );

    it.each([
      ['in turn', false],
      ['at once', true],
    ])(
      'no event of one invocation is lost when two writers fold %s, and each change is reported once',
      async (_when, isAtOnce) => {
        let run = 0;
        await fc.assert(
          fc.asyncProperty(dealt, async ({ events, batches }) => {
            const requestId = `run ${run++}`;
            const own = events.map((event) => ({ ...event, requestId }));
            const reported: StatusChange[] = [];
            const folds: (() => Promise<void>)[] = [];
            let next = 0;
            for (const [isFirst, length] of batches) {
              const batch = own.slice(next, (next += length));
              folds.push(async () =>
                (isFirst ? store : other).fold(batch, async (changes) => {
                  reported.push(...changes);
                  await nextTurn();
                }),
              );
            }
            if (isAtOnce) await Promise.all(folds.map(async (begin) => begin()));
            else for (const begin of folds) await begin();
            expect(await records({ requestIds: [requestId] })).toEqual([expected(own)]);
            for (const [index, { before }] of reported.entries()) expect(before).toEqual(reported[index - 1]?.after);
          }),
          { numRuns: 20 },
        );
      },
    );
  });
}
