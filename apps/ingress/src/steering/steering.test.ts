/**
 * Goal: a paused function takes no invocations or starts no attempts, as asked, until it is
 * resumed. Method: a whole ingress over the in-memory broker with a manual clock.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePurge } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
  await app.listen();
});
afterAll(async () => app?.close());

const steer = async (name: string, act: string, body?: unknown) =>
  app.must('POST', `/sendoff/functions/${name}/${act}`, body) as Promise<Record<string, unknown>>;
const shown = async (name: string) => (await app.call('GET', `/sendoff/functions/${name}/steering`)).body;
const invoked = async (name: string, way = 'invocations-async', headers = {}) =>
  app.overHttp('POST', `/v2/p1/fgs/functions/${name}/${way}`, {}, { 'x-auth-token': IngressApp.token, ...headers });
const running = { paused: false };
const paused = { paused: true, since: '2027-01-15T08:00:00+00:00', by: 'token' };
const refusal = (part: string) => ({
  error_code: 'FSS.0409',
  error_msg: `the ${part} of the function is paused since 2027-01-15T08:00:00.000Z; call again after it is resumed`,
});

describe('a function', () => {
  it('runs as usual at first, and again after it is resumed', async () => {
    await app.createFunction('usual');
    expect(await shown('usual')).toMatchObject({ intake: running, execution: running });
    expect(await steer('usual', 'pause')).toEqual({
      func_urn: 'urn:fss:local:p1:function:default:usual',
      intake: paused,
      execution: paused,
    });
    expect(await steer('usual', 'resume')).toMatchObject({ intake: running, execution: running });
    expect((await invoked('usual')).status).toBe(202);
  });

  it('is paused and resumed part by part, and keeps the time of the first request', async () => {
    await app.createFunction('parts');
    await steer('parts', 'pause', { part: 'execution' });
    await app.clock.advance(5_000);
    expect(await steer('parts', 'pause', { part: 'execution' })).toMatchObject({ intake: running, execution: paused });
    app.clock.step(-5_000);
    expect(await steer('parts', 'pause', { part: 'intake' })).toMatchObject({ intake: paused, execution: paused });
    expect(await steer('parts', 'resume', { part: 'execution' })).toMatchObject({ intake: paused, execution: running });
    expect(await shown('parts')).toMatchObject({ intake: paused, execution: running });
  });

  it.each(['intake', 'execution'])('whose %s is paused refuses synchronous calls', async (part) => {
    await app.createFunction(`sync-${part}`);
    await steer(`sync-${part}`, 'pause', { part });
    expect(await invoked(`sync-${part}`, 'invocations')).toMatchObject({ status: 409, body: refusal(part) });
  });

  it('refuses invocations while its intake is paused, and takes them while its execution is', async () => {
    await app.createFunction('async');
    await steer('async', 'pause', { part: 'execution' });
    expect((await invoked('async')).status).toBe(202);
    await steer('async', 'pause', { part: 'intake' });
    expect(await invoked('async')).toMatchObject({ status: 409, body: refusal('intake') });
    expect(await invoked('default:async')).toMatchObject({ status: 409 });
  });

  it('answers a repeated idempotency key with its request although its intake is paused meanwhile', async () => {
    await app.createFunction('once');
    const key = { 'idempotency-key': 'order-1' };
    const first = await invoked('once', 'invocations-async', key);
    await steer('once', 'pause', { part: 'intake' });
    expect(await invoked('once', 'invocations-async', key)).toMatchObject({ status: 202, body: first.body });
  });

  it('whose intake is paused sends records of the Kafka door to the rejects, with the reason', async () => {
    await app.createFunction('door');
    await steer('door', 'pause', { part: 'intake' });
    const before = app.recordsOf('rejects').length;
    await app.produce('{}', { 'sendoff-function': 'door', 'sendoff-project': IngressApp.project });
    const rejects = await app.kafka.waitFor('sendoff.rejects', before + 1);
    expect(rejects.at(-1)?.headers['reject-reason']).toBe(
      'CONTRACT_VIOLATED: intake-paused: the intake of door is paused since 2027-01-15T08:00:00.000Z',
    );
  });

  it('that is made anew under the name of a paused one is not paused', async () => {
    await app.createFunction('anew');
    await steer('anew', 'pause');
    await app.must('DELETE', '/fgs/functions/anew');
    await app.createFunction('anew');
    expect(await shown('anew')).toMatchObject({ intake: running, execution: running });
    expect((await invoked('anew')).status).toBe(202);
  });

  it('is not paused by a body with an unknown part or field', async () => {
    await app.createFunction('strict');
    for (const body of [{ part: 'all' }, { parts: ['intake'] }])
      expect(await app.call('POST', '/sendoff/functions/strict/pause', body)).toMatchObject({ status: 400 });
    expect(await shown('strict')).toMatchObject({ intake: running, execution: running });
  });
});

describe('a purge', () => {
  const purges = () => app.recordsOf('cancellations').map(decodePurge);

  it('counts with dry_run, and writes nothing', async () => {
    await app.createFunction('counted');
    app.records.page = { records: [], count: 7 };
    const before = purges().length;
    expect(await steer('counted', 'purge', { dry_run: true })).toEqual({
      func_urn: 'urn:fss:local:p1:function:default:counted',
      accepted_until: '2027-01-15T08:00:00+00:00',
      waiting: 7,
      running: 7,
      purged: false,
    });
    expect(purges()).toHaveLength(before);
    expect(app.records.queries.at(-2)).toMatchObject({ statuses: ['WAIT'], endAt: builtAt });
  });

  it('marks the invocations accepted until now, with those that run only if asked', async () => {
    await app.createFunction('purged');
    await steer('purged', 'purge');
    expect(await steer('purged', 'purge', { include_running: true })).toMatchObject({ purged: true });
    const mark = { bareUrn: 'urn:fss:local:p1:function:default:purged', acceptedUntil: builtAt };
    expect(purges().slice(-2)).toEqual([
      { ...mark, includesRunning: false },
      { ...mark, includesRunning: true },
    ]);
  });

  it('counts all versions, also more than one question for records may name', async () => {
    await app.publish('versions', ...Array.from({ length: 10 }, (_, n) => `v${n}`));
    app.records.page = { records: [], count: 3 };
    expect(await steer('versions', 'purge', { dry_run: true })).toMatchObject({ waiting: 6 });
  });
});
