/**
 * Goal: a redrive starts each failed invocation and each undelivered notice once, whichever process
 * runs it. Method: whole ingresses over one in-memory broker, with a status-logger that reads what
 * they write.
 */
import { afterEach, describe, expect, it } from 'vitest';
import {
  conditions,
  decodeDelivery,
  decodeInvocation,
  decodeRedrivenEnd,
  encodeDelivery,
  encodeInvocation,
  encodeRedrivenEnd,
  epochMs,
  eventId,
  type FoundRecord,
  type IncomingRecord,
  type InvocationSearch,
  readSearchMarker,
  redriveBounds,
  type RedrivenEnd,
  redriveStartKey,
  searchMarker,
  type StatusQuery,
} from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { aDelivery, anInvocation, aSettlement, builtAt, ManualClock } from '#testing';
import { type IngressAppOptions, IngressApp } from '../../testing/ingress-app.ts';

const apps: IngressApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

const urn = 'urn:fss:local:p1:function:default:hello:latest';

async function start(options: IngressAppOptions<MemoryKafka> = {}): Promise<IngressApp> {
  const app = await IngressApp.start({ clock: new ManualClock(builtAt), ...options });
  apps.push(app);
  return app;
}

/** Children of redrives on the topics, without copies of one request id. */
function childrenOf(app: IngressApp) {
  const written = [...app.recordsOf('invocations'), ...app.recordsOf('invocations.bulk')];
  const children = written.map(decodeInvocation).filter(({ tags = [] }) => tags.some((tag) => tag.startsWith('redrive.')));
  return children;
}

/**
 * Lets an ingress find failed invocations, and its own children as they would end.
 * @param ends the status of a child, by the number of its parent.
 */
function fill(app: IngressApp, count: number, ends: (parent: number) => 'SUCCESS' | 'FAIL' | 'WAIT' = () => 'SUCCESS') {
  const parents = Array.from({ length: count }, (_, index): FoundRecord => {
    const place = placesOf(app)[index];
    return {
      requestId: `parent-${index}`,
      functionUrn: urn,
      project: 'p1',
      status: 'FAIL',
      errorCode: conditions.UnhandledInvocationError.errorCode,
      errorMessage: 'no luck',
      acceptedAt: epochMs(builtAt - 1_000 - index),
      attempts: 1,
      tags: [],
      deliveries: [],
      places: place === undefined ? [] : [place],
    };
  });
  app.records.search = async ({ marker = '', limit, beginAt, endAt }: InvocationSearch) => {
    const after = readSearchMarker(marker);
    const left = parents
      .filter(({ acceptedAt }) => acceptedAt >= beginAt && acceptedAt <= endAt)
      .filter(({ acceptedAt }) => after === undefined || acceptedAt < after.acceptedAt);
    const page = left.slice(0, limit);
    const last = page.at(-1);
    return { records: page, ...(page.length === limit && last !== undefined ? { next: searchMarker(last) } : {}) };
  };
  app.records.query = async ({ tag = '', statuses }: StatusQuery) => {
    const children = childrenOf(app)
      .filter(({ tags = [] }) => tags.includes(tag))
      .filter((child, index, all) => all.findIndex(({ requestId }) => requestId === child.requestId) === index);
    const records = children.flatMap(({ tags = [], requestId }) => {
      const parent = Number(
        tags
          .find((one) => one.startsWith('redrive-of.'))
          ?.split('-')
          .at(-1),
      );
      const status = ends(parent);
      const isMeant = statuses === undefined || statuses.includes(status);
      const known = parents[0];
      return isMeant && known !== undefined ? [{ ...known, requestId, status, tags }] : [];
    });
    return { records, count: records.length };
  };
}

/** The places of the parents that {@link writeParents} wrote. */
function placesOf(app: IngressApp) {
  return app
    .recordsOf('invocations')
    .filter(({ key }) => key?.startsWith('parent-'))
    .toSorted((one, other) => Number(one.key?.slice(7)) - Number(other.key?.slice(7)))
    .map(({ partition, offset }) => ({ topic: 'invocations', partition, offset: Number(offset), at: epochMs(builtAt) }) as const);
}

async function writeParents(app: IngressApp, count: number): Promise<void> {
  const topic = app.kafka.topics.name('invocations');
  const parents = Array.from({ length: count }, (_, index) =>
    encodeInvocation(
      topic,
      anInvocation({ requestId: `parent-${index}`, functionUrn: urn, project: 'p1', payload: Buffer.from(`{"n":${index}}`) }),
    ),
  );
  await app.kafka.publisher.publish(parents);
}

/** An installation with failed invocations of the function `hello`. */
async function withFailures(count: number, ends?: Parameters<typeof fill>[2]): Promise<IngressApp> {
  const clock = new ManualClock(epochMs(builtAt - 60_000));
  const app = await start({ clock });
  await app.createFunction('hello');
  await clock.advance(60_000);
  await writeParents(app, count);
  fill(app, count, ends);
  return app;
}

const begin = async (app: IngressApp, body: object = {}) => app.must('POST', '/sendoff/redrives', { function: 'hello', ...body });
const shown = async (app: IngressApp, id: string) => app.must('GET', `/sendoff/redrives/${id}`);
const parentsOf = (app: IngressApp) =>
  childrenOf(app).map(({ tags = [] }) => tags.find((tag) => tag.startsWith('redrive-of.'))?.slice(11));

interface UntilOptions {
  /** A part of the installation that the test plays. */
  readonly eachSecond?: () => Promise<unknown>;
}

async function until(app: IngressApp, id: string, state: string, { eachSecond = async () => undefined }: UntilOptions = {}) {
  for (let second = 0; second < 60; second += 1) {
    await eachSecond();
    const redrive = await shown(app, id);
    if (redrive.state === state) return redrive;
    await app.clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return expect.fail(`not ${state}: ${JSON.stringify(await shown(app, id))}`);
}

describe('a redrive of failed invocations', () => {
  it('shows first what it would start, and starts nothing then', async () => {
    const app = await withFailures(12);
    expect(await begin(app, { dry_run: true, rate: 5 })).toEqual({
      id: '',
      of: 'failed',
      state: 'preview',
      selected: 12,
      startable: 12,
      refused: [],
      is_more: false,
      first_request_ids: Array.from({ length: 10 }, (_, index) => `parent-${index}`),
      estimated_seconds: 3,
    });
    expect(await begin(app, { dry_run: true, limit: 5 })).toMatchObject({ selected: 5, is_more: true });
    await app.clock.advance(5_000);
    expect([childrenOf(app), (await app.must('GET', '/sendoff/redrives')).redrives]).toEqual([[], []]);
  });

  it('leaves out what it will not start, and says why', async () => {
    const app = await withFailures(6);
    const { search } = app.records;
    app.records.search = async (query) => {
      const page = await search(query);
      const records = page.records.map((one, index) => ({
        ...one,
        isRedriven: index < 2,
        errorCode: index === 2 ? conditions.InvocationCanceled.errorCode : one.errorCode,
        places: index === 3 ? [] : (one.places ?? []),
      }));
      return { ...page, records };
    };
    expect(await begin(app, { dry_run: true, rate: 1 })).toMatchObject({
      selected: 6,
      startable: 2,
      refused: [
        { reason: 'already-redriven', count: 2 },
        { reason: 'canceled', count: 1 },
        { reason: 'payload-not-kept', count: 1 },
      ],
      first_request_ids: ['parent-4', 'parent-5'],
      estimated_seconds: 2,
    });
  });

  it('tells how many are left', async () => {
    const app = await withFailures(9);
    const { id } = await begin(app, { rate: 2 });
    expect(await shown(app, id)).toMatchObject({ selected: 0, left: 9 });
    const sums = new Set<number>();
    const seen = async () => shown(app, id).then(({ selected, left }) => sums.add(selected + left));
    expect(await until(app, id, 'ended', { eachSecond: seen })).toMatchObject({ selected: 9, left: 0 });
    expect([...sums]).toEqual([9]);
  });

  it('invokes each again as a new invocation that names its parent, and ends', async () => {
    const app = await withFailures(7);
    const { id } = await begin(app, { rate: 3 });
    const ended = await until(app, id, 'ended');
    expect(ended).toMatchObject({ selected: 7, sent: 7, succeeded: 7, failed: 0, refused: [] });
    const children = childrenOf(app);
    expect(children).toHaveLength(7);
    for (const child of children) {
      const parent = child.tags?.find((tag) => tag.startsWith('redrive-of.'))?.slice(11);
      expect(child.tags).toContain(`redrive.${id}`);
      expect(child.requestId).not.toBe(parent);
      expect(String(child.payload)).toBe(`{"n":${parent?.slice(7)}}`);
    }
    expect(new Set(children.map(({ requestId }) => requestId)).size).toBe(7);
  });

  it('keeps to its rate', async () => {
    const app = await withFailures(9);
    const { id } = await begin(app, { rate: 2 });
    for (let steps = 0; childrenOf(app).length === 0 && steps < 5; steps += 1) {
      await app.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const counts: number[] = [];
    for (let second = 0; second < 3; second += 1) {
      counts.push(childrenOf(app).length);
      await app.clock.advance(1_000);
    }
    for (const [index, count] of counts.entries()) expect(count).toBeLessThanOrEqual(2 * (index + 1));
    expect(await until(app, id, 'ended')).toMatchObject({ sent: 9 });
  });

  it('waits for its canary, stops when it fails, and goes on when it is resumed', async () => {
    const app = await withFailures(20, () => 'FAIL');
    const { id } = await begin(app, { canary: 3, stop_at: 0.3 });
    const stopped = await until(app, id, 'stopped');
    expect(stopped).toMatchObject({ sent: 3, failed: 3, reason: '3 of 3 failed, more than the share of 0.3' });
    await app.clock.advance(5_000);
    expect(childrenOf(app)).toHaveLength(3);
    fill(app, 20, (parent) => (parent < 3 ? 'FAIL' : 'SUCCESS'));
    await app.clock.advance(1);
    expect(await app.must('POST', `/sendoff/redrives/${id}/resume`)).toMatchObject({ state: 'running', ordered: 'resume' });
    expect(await until(app, id, 'ended')).toMatchObject({ sent: 20, failed: 3, succeeded: 17 });
    expect(new Set(parentsOf(app)).size).toBe(20);
  });

  it('starts nothing more once it is canceled', async () => {
    const app = await withFailures(50, () => 'WAIT');
    const { id } = await begin(app, { rate: 1 });
    await app.clock.advance(3_000);
    expect(await app.must('POST', `/sendoff/redrives/${id}/cancel`)).toMatchObject({ state: 'canceled', ordered_by: 'token' });
    const before = childrenOf(app).length;
    await app.clock.advance(20_000);
    expect(childrenOf(app).length - before).toBeLessThanOrEqual(1);
  });

  it('refuses what Kafka has deleted, what was redriven before, and what a paused function would get', async () => {
    const app = await withFailures(3);
    const { search } = app.records;
    app.records.search = async (query) => {
      const page = await search(query);
      const place = { topic: 'invocations', partition: 0, offset: 999, at: epochMs(0) } as const;
      const records = page.records.map((one) => (one.requestId === 'parent-1' ? { ...one, places: [place] } : one));
      return { ...page, records };
    };
    const { id } = await begin(app);
    expect(await until(app, id, 'ended')).toMatchObject({
      sent: 2,
      refused: [{ reason: 'payload-deleted', count: 1 }],
      refused_examples: [{ request_id: 'parent-1', reason: 'payload-deleted' }],
    });
    const again = await begin(app);
    expect(await until(app, again.id, 'ended')).toMatchObject({
      sent: 0,
      refused: expect.arrayContaining([
        { reason: 'already-redriven', count: 2 },
        { reason: 'payload-deleted', count: 1 },
      ]),
    });
    fill(app, 3);
    app.records.query = async () => ({ records: [], count: 0 });
    await app.must('POST', '/sendoff/functions/hello/pause', { part: 'intake' });
    const paused = await begin(app);
    expect(await until(app, paused.id, 'ended')).toMatchObject({ refused: [{ reason: 'intake-paused', count: 3 }] });
  });

  it('goes on after an error of the store, and starts none twice', async () => {
    const app = await withFailures(10);
    const { query } = app.records;
    let asked = 0;
    app.records.query = async (question) => {
      if (question.statuses === undefined && [1, 5, 6].includes(asked++)) throw new Error('the store is away');
      return query(question);
    };
    const { id } = await begin(app, { rate: 4 });
    expect(await until(app, id, 'ended')).toMatchObject({ sent: 10 });
    expect(parentsOf(app)).toHaveLength(10);
  });

  it('goes on in another process after the first died in the middle of a step, and starts none twice', async () => {
    const app = await withFailures(12);
    // The step of the first process is never written down: it loses the brokers after its children.
    const write = app.kafka.publisher.publish.bind(app.kafka.publisher);
    let isDead = false;
    app.kafka.publisher.publish = async (records, options) => {
      const isRun = [records].flat().some(({ key }) => key?.startsWith('run/') === true);
      if (isRun && childrenOf(app).length > 0) isDead = true;
      if (isDead) throw new Error('this process is dead');
      return write(records, options);
    };
    const { id } = await begin(app, { rate: 4 });
    for (let second = 0; !isDead && second < 10; second += 1) await app.clock.advance(1_000);
    expect([isDead, childrenOf(app).length]).toEqual([true, 4]);

    const other = await start({ gateway: app.kafka.beside() });
    fill(other, 12);
    // The records of the children may lag behind, too.
    const { query } = other.records;
    other.records.query = async (question) => (question.statuses === undefined ? { records: [], count: 0 } : query(question));
    const ended = await until(other, id, 'ended');
    expect(ended).toMatchObject({ sent: 12, succeeded: 12 });
    expect(new Set(childrenOf(app).map(({ requestId }) => requestId)).size).toBe(12);
    expect(new Set(parentsOf(app)).size).toBe(12);
  });

  it('refuses what it cannot understand', async () => {
    const app = await start();
    await app.createFunction('hello');
    const refused: readonly [body: object, code: string][] = [
      [{ condition: 'Bored' }, 'FSS.0400'],
      [{ condition: '' }, 'FSS.0400'],
      [{ rate: redriveBounds.ratePerSecondMax + 1 }, 'FSS.0400'],
      [{ speed: 4 }, 'FSS.0400'],
      [{ target: 'OBS:x' }, 'FSS.0400'],
      [{ begin_time: '2027-02-30T00:00:00' }, 'FSS.1001'],
    ];
    for (const [body, code] of refused)
      expect(await app.refusal('POST', '/sendoff/redrives', { function: 'hello', ...body })).toEqual([400, code]);
  });

  it('is for keys that may invoke and manage the functions, and is hidden from others', async () => {
    const app = await withFailures(2);
    const keyWith = async (rights: readonly string[], name: string) => {
      const { body } = await app.signed('POST', '/sendoff/credentials', { rights, functions: [name] });
      return { accessKey: body.access_key, secretKey: body.secret_key };
    };
    const all = await keyWith(['invoke', 'read', 'manage'], 'hello');
    const { status, body } = await app.signed('POST', '/sendoff/redrives', { function: 'hello' }, all);
    expect([status, body.state]).toEqual([200, 'running']);
    const foreign = await keyWith(['invoke', 'read', 'manage'], 'other');
    expect((await app.signed('GET', `/sendoff/redrives/${body.id}`, undefined, foreign)).status).toBe(404);
    expect((await app.signed('GET', '/sendoff/redrives', undefined, foreign)).body).toEqual({ redrives: [] });
    expect((await app.signed('POST', '/sendoff/redrives', { function: 'hello' }, foreign)).status).toBe(403);
    const manager = await keyWith(['read', 'manage'], 'hello');
    expect((await app.signed('POST', '/sendoff/redrives', { function: 'hello' }, manager)).status).toBe(403);
  });

  it('is refused while too many are under way', async () => {
    const app = await withFailures(30, () => 'WAIT');
    for (let count = 0; count < redriveBounds.activeMax; count += 1) await begin(app, { rate: 1 });
    expect(await app.refusal('POST', '/sendoff/redrives', { function: 'hello' })).toEqual([429, 'FSS.0429']);
  });
});

describe('a redrive of undelivered notices', () => {
  const letters = async (app: IngressApp, ...given: readonly { requestId: string; target: string; at?: number }[]) => {
    const topic = app.kafka.topics.name('undelivered');
    for (const { requestId, target, at = builtAt } of given) {
      const settlement = aSettlement({ invocation: anInvocation({ requestId, functionUrn: urn, project: 'p1' }) });
      const delivery = aDelivery({ deliveryId: target, try: 8, reason: 'busy', event: { kind: 'settled', settlement } });
      const { headers, ...record } = encodeDelivery(topic, delivery);
      await app.kafka.publisher.publish({ ...record, headers: { ...headers, ce_time: new Date(at).toISOString() } });
    }
  };
  const sent = (app: IngressApp) =>
    app.recordsOf('notifications').map((record: IncomingRecord) => {
      const { deliveryId, event, try: next, reason } = decodeDelivery(record);
      return [event.kind === 'settled' ? event.settlement.invocation.requestId : '', deliveryId, next, reason];
    });

  const requestsSent = (app: IngressApp) => sent(app).map(([requestId]) => String(requestId));
  const letterOf = (app: IngressApp, requestId: string) => {
    const letter = app.recordsOf('undelivered').find(({ key }) => key === requestId);
    return `${letter?.partition}/${letter?.offset}`;
  };
  const beginNotices = async (app: IngressApp, body: object = {}) =>
    app.must('POST', '/sendoff/redrives', { of: 'undelivered', ...body });
  /** The records show one notice of each invocation. */
  const recordsShow = (app: IngressApp, state: (requestId: string) => 'delivered' | 'undelivered') => {
    app.records.query = async ({ requestIds = [] }) => ({
      count: 1,
      records: requestIds.map((requestId) => ({
        ...aSettledRecord(requestId),
        deliveries: [{ deliveryId: 'OBS:results', state: state(requestId), tries: 8, at: builtAt }],
      })),
    });
  };
  /** An installation that has given up notices of the invocations n0, n1 and so on. */
  const withLetters = async (count: number) => {
    const app = await start({ gateway: new MemoryKafka({ now: () => builtAt }) });
    await app.createFunction('hello');
    await letters(app, ...Array.from({ length: count }, (_, index) => ({ requestId: `n${index}`, target: 'OBS:results' })));
    recordsShow(app, () => 'undelivered');
    return app;
  };
  /** A notifier that ends each notice that it has not ended yet, in the state of its invocation. */
  const notifierOf = (app: IngressApp, state: (requestId: string) => RedrivenEnd['state'] | undefined = () => 'delivered') => {
    const done = new Set(app.recordsOf('redriven').map((record) => decodeRedrivenEnd(record).letter));
    return async () => {
      for (const { redrive, event } of app.recordsOf('notifications').map(decodeDelivery)) {
        const ended = state(eventId(event));
        if (redrive === undefined || ended === undefined || done.has(redrive.letter)) continue;
        done.add(redrive.letter);
        const end = { ...redrive, state: ended, at: builtAt };
        await app.kafka.publisher.publish(encodeRedrivenEnd(app.kafka.topics.name('redriven'), end));
      }
    };
  };
  /** Lets the process of an ingress lose the brokers for good before it writes such records. */
  const dieAt = (app: IngressApp, isLast: (keys: readonly string[]) => boolean) => {
    const write = app.kafka.publisher.publish.bind(app.kafka.publisher);
    let isDead = false;
    app.kafka.publisher.publish = async (records, options) => {
      if (isLast([records].flat().map(({ key }) => key ?? ''))) isDead = true;
      if (isDead) throw new Error('this process is dead');
      return write(records, options);
    };
    return () => isDead;
  };

  it('sends each of a target again as the notice that it was, but those that were delivered since', async () => {
    const app = await start({ gateway: new MemoryKafka({ now: () => builtAt }) });
    await app.createFunction('hello');
    // Records that no notifier wrote stop nothing.
    const writeForeign = async (name: 'undelivered' | 'redriven') =>
      app.kafka.publisher.publish({ topic: app.kafka.topics.name(name), value: Buffer.from('x'), headers: {} });
    await writeForeign('undelivered');
    await letters(
      app,
      { requestId: 'n1', target: 'OBS:results' },
      { requestId: 'n2', target: 'OBS:other' },
      { requestId: 'n3', target: 'OBS:results' },
      { requestId: 'n4', target: 'OBS:results', at: builtAt - 5_000 },
    );
    const state = (requestId: string) => (requestId === 'n3' ? 'delivered' : 'undelivered');
    app.records.query = async ({ requestIds = [] }) => ({
      count: 1,
      records: requestIds.map((requestId) => ({
        ...aSettledRecord(requestId),
        deliveries: [{ deliveryId: 'OBS:results', state: state(requestId), tries: 8, at: builtAt }],
      })),
    });
    const { id } = await beginNotices(app, { target: 'OBS:results' });
    const notifier = notifierOf(app);
    await writeForeign('redriven');
    const ended = await until(app, id, 'ended', { eachSecond: notifier });
    expect(sent(app)).toEqual([['n1', 'OBS:results', 1, undefined]]);
    expect(ended).toMatchObject({
      selected: 3,
      sent: 1,
      delivered: 1,
      undelivered: 0,
      refused: expect.arrayContaining([
        { reason: 'delivered-already', count: 1 },
        { reason: 'given-up-again', count: 1 },
      ]),
    });
    expect(ended).not.toHaveProperty('succeeded');
  });

  it('waits for its canary, stops when it is given up again, and goes on when it is resumed', async () => {
    const app = await withLetters(20);
    const { id } = await beginNotices(app, { canary: 3, stop_at: 0.3 });
    const stopped = await until(app, id, 'stopped', { eachSecond: notifierOf(app, () => 'undelivered') });
    expect(stopped).toMatchObject({
      sent: 3,
      delivered: 0,
      undelivered: 3,
      reason: '3 of 3 were not delivered, more than the share of 0.3',
    });
    await app.clock.advance(5_000);
    expect(sent(app)).toHaveLength(3);
    await app.must('POST', `/sendoff/redrives/${id}/resume`);
    const ended = await until(app, id, 'ended', { eachSecond: notifierOf(app) });
    expect(ended).toMatchObject({ sent: 20, delivered: 17, undelivered: 3 });
    expect(new Set(requestsSent(app)).size).toBe(20);
  });

  it('stops at its share of undelivered ones without a canary, too', async () => {
    const app = await withLetters(40);
    const { id } = await beginNotices(app, { rate: 10, stop_at: 0.5 });
    const stopped = await until(app, id, 'stopped', { eachSecond: notifierOf(app, () => 'undelivered') });
    expect(stopped).toMatchObject({ state: 'stopped' });
    expect(sent(app).length).toBeLessThan(40);
  });

  it('ends a day after the last end if others are lost, and tells how many', async () => {
    const app = await withLetters(4);
    const { id } = await beginNotices(app);
    const ends = notifierOf(app, (requestId) => (requestId === 'n3' ? undefined : 'delivered'));
    await until(app, id, 'waiting', { eachSecond: ends });
    await ends();
    await app.clock.advance(5_000);
    app.clock.step(86_000_000);
    expect(await until(app, id, 'waiting')).toMatchObject({ delivered: 3, undelivered: 0 });
    app.clock.step(400_000);
    const ended = await until(app, id, 'ended');
    expect(ended).toMatchObject({ sent: 4, delivered: 3, undelivered: 1, missing: 1 });
  });

  it('stops after a day if the ends of its canary are lost', async () => {
    const app = await withLetters(20);
    const { id } = await beginNotices(app, { canary: 3, stop_at: 0.3 });
    for (let second = 0; sent(app).length < 3; second += 1) await app.clock.advance(1_000);
    await app.clock.advance(5_000);
    app.clock.step(86_400_000);
    const stopped = await until(app, id, 'stopped');
    expect(stopped).toMatchObject({ sent: 3, undelivered: 3, missing: 3 });
    await app.must('POST', `/sendoff/redrives/${id}/resume`);
    const ended = await until(app, id, 'ended', { eachSecond: notifierOf(app) });
    expect(ended).toMatchObject({ sent: 20, delivered: 20, undelivered: 0 });
    expect(ended).not.toHaveProperty('missing');
  });

  it('does not end before the last of its notices has, and counts an end once that was written twice', async () => {
    const app = await withLetters(4);
    const { id } = await beginNotices(app);
    const ends = notifierOf(app, (requestId) => (requestId === 'n3' ? undefined : 'delivered'));
    const waiting = await until(app, id, 'waiting', { eachSecond: ends });
    expect(waiting).toMatchObject({ sent: 4 });
    await notifierOf(app, (requestId) => (requestId === 'n3' ? undefined : 'delivered'))();
    await app.clock.advance(5_000);
    expect(await shown(app, id)).toMatchObject({ state: 'waiting', delivered: 3, undelivered: 0 });
    await notifierOf(app, (requestId) => (requestId === 'n3' ? 'undelivered' : undefined))();
    expect(await until(app, id, 'ended')).toMatchObject({ delivered: 3, undelivered: 1 });
  });

  it('sends none that another redrive has sent', async () => {
    const app = await withLetters(6);
    const { id } = await beginNotices(app);
    await until(app, id, 'waiting');
    const other = await beginNotices(app);
    expect(await until(app, other.id, 'ended')).toMatchObject({ sent: 0, refused: [{ reason: 'already-redriven', count: 6 }] });
    expect(sent(app)).toHaveLength(6);
  });

  it('goes on in another process after the first died in the middle of a step, and sends none twice', async () => {
    const app = await withLetters(12);
    const isDead = dieAt(app, (keys) => keys.some((key) => key.startsWith('run/')) && sent(app).length > 0);
    const { id } = await beginNotices(app, { rate: 4 });
    for (let second = 0; !isDead() && second < 10; second += 1) await app.clock.advance(1_000);
    const before = requestsSent(app);
    expect([isDead(), before.length > 0 && before.length < 12]).toEqual([true, true]);

    const other = await start({ gateway: app.kafka.beside() });
    // One of them has ended before the other process takes over, as the records show.
    const isEnded = (requestId: string) => requestId === before[0];
    await notifierOf(other, (requestId) => (isEnded(requestId) ? 'delivered' : undefined))();
    recordsShow(other, (requestId) => (isEnded(requestId) ? 'delivered' : 'undelivered'));
    const ended = await until(other, id, 'ended', { eachSecond: notifierOf(other) });
    expect(ended).toMatchObject({ sent: 12, delivered: 12, undelivered: 0, refused: [] });
    expect(requestsSent(other).toSorted()).toEqual(Array.from({ length: 12 }, (_, index) => `n${index}`).toSorted());
  });

  it('writes a copy that the notifier knows if the first process died between a notice and its note', async () => {
    const app = await withLetters(2);
    // The note is the second record of the idempotency key.
    const isDead = dieAt(app, () => sent(app).length === 2);
    const { id } = await beginNotices(app);
    for (let second = 0; !isDead() && second < 10; second += 1) await app.clock.advance(1_000);
    const other = await start({ gateway: app.kafka.beside() });
    recordsShow(other, () => 'undelivered');
    const ended = await until(other, id, 'ended', { eachSecond: notifierOf(other) });
    expect(ended).toMatchObject({ sent: 2, delivered: 2 });
    const keys = other.recordsOf('notifications').map((record) => redriveStartKey(decodeDelivery(record)));
    expect(keys.length).toBeGreaterThan(2);
    expect(new Set(keys)).toEqual(new Set([`${id} ${letterOf(app, 'n0')}`, `${id} ${letterOf(app, 'n1')}`]));
  });

  it('counts them first, as the records show them', async () => {
    const app = await start();
    const notice = { requestId: 'n1', functionUrn: urn, acceptedAt: builtAt, deliveryId: 'OBS:results', tries: 8, at: builtAt };
    app.records.noticePage = { notices: [{ ...notice, state: 'undelivered' }], hasMore: false };
    expect(await app.must('POST', '/sendoff/redrives', { of: 'undelivered', dry_run: true })).toMatchObject({
      selected: 1,
      startable: 1,
      first_request_ids: ['n1'],
    });
  });
});

function aSettledRecord(requestId: string) {
  return {
    requestId,
    functionUrn: urn,
    project: 'p1',
    status: 'SUCCESS',
    errorCode: 0,
    errorMessage: '',
    acceptedAt: builtAt,
    attempts: 1,
    tags: [],
  } as const;
}
