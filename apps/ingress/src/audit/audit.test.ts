/**
 * Goal: each act that changes something is in the audit log, whichever ingress did it, with its
 * outcome and without secrets. Method: whole ingresses over one in-memory broker.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEntry, decodeAuditEntry, encodeAuditEntry } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
});
afterAll(async () => app?.close());

type Entry = Readonly<Record<'act' | 'by' | 'object' | 'outcome' | 'time' | 'request_id', string>>;
const entries = async (query = '') => (await app.must('GET', `/sendoff/audit?${query}`)).entries as readonly Entry[];
const acts = async (query = '') => (await entries(query)).map(({ act, by, outcome }) => [act, by, outcome]);

describe('the audit log', () => {
  it('shows acts with the key that did them, newest first, and no questions', async () => {
    await app.createFunction('hello');
    await app.signed('POST', '/sendoff/functions/hello/pause', { part: 'intake' });
    await app.call('GET', '/sendoff/functions/hello/steering');
    await app.call('POST', '/sendoff/functions/hello/purge', { dry_run: true });
    expect(await acts('limit=2')).toEqual([
      ['pauseFunction', IngressApp.accessKey, 'done'],
      ['createFunction', 'token', 'done'],
    ]);
    const [paused, created] = await entries();
    expect(paused).toMatchObject({
      object: expect.stringMatching(/^hello /),
      time: '2027-01-15T08:00:00.000Z',
      request_id: expect.any(String),
    });
    expect(created?.object).toContain('urn:fss:local:p1:function:default:hello');
  });

  it('shows acts that were refused, with the code of the error', async () => {
    const { headers } = await app.call('DELETE', '/fgs/functions/nobody');
    const [refused] = await entries('limit=1');
    expect(refused).toMatchObject({ act: 'deleteFunction', object: 'nobody', outcome: 'FSS.1051' });
    expect(refused?.request_id).toBe(headers['x-request-id']);
  });

  it('holds no secret of a key and no payload of a function', async () => {
    const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'] });
    await app.createFunction('secret', { user_data: '{"password":"hunter2"}' });
    const text = app
      .recordsOf('audit')
      .map(({ value }) => String(value))
      .join('\n');
    expect(text).toContain(body.access_key);
    expect(text).not.toContain(body.secret_key);
    expect(text).not.toContain('hunter2');
  });

  it('is filtered by key, act, object and time', async () => {
    await app.createFunction('filtered');
    expect(await acts('object=filtered')).toEqual([['createFunction', 'token', 'done']]);
    expect(await acts(`by=${IngressApp.accessKey}&act=pauseFunction`)).toEqual([['pauseFunction', IngressApp.accessKey, 'done']]);
    expect(await acts('begin_time=2027-01-15T08:00:01')).toEqual([]);
    expect(await acts('end_time=2027-01-15T07:59:59')).toEqual([]);
    expect(await app.refusal('GET', '/sendoff/audit?marker=x')).toEqual([400, 'FSS.1001']);
  });

  it('goes on from page to page, over many acts that do not match', async () => {
    const count = 520;
    const [before] = await entries('limit=1');
    const refused = { at: builtAt, project: 'p1', by: 'token', act: 'deleteFunction', outcome: 'FSS.1051' };
    const many = Array.from({ length: count }, (_, number) => ({
      ...refused,
      requestId: `r${number}`,
      object: `many-${number}`,
    }));
    await app.kafka.publisher.publish(many.map((entry) => encodeAuditEntry(app.kafka.topics.name('audit'), entry)));
    const pages: number[] = [];
    let marker = '';
    do {
      const page = await app.must('GET', `/sendoff/audit?act=deleteFunction&object=many-&limit=200&marker=${marker}`);
      pages.push(page.entries.length);
      marker = page.next_marker;
    } while (marker !== '');
    expect(pages.reduce((sum, size) => sum + size, 0)).toBe(count);
    const found = await entries(`act=${before?.act}&object=${before?.object}&limit=1`);
    expect(found).toEqual([before]);
  });

  it('leaves out records that no ingress wrote', async () => {
    const [before] = await entries('limit=1');
    const topic = app.kafka.topics.name('audit');
    const foreign = [null, Buffer.from('x'), Buffer.from('{}')].map((value) => ({ topic, value, headers: {} }));
    await app.kafka.publisher.publish(foreign);
    expect(await entries('limit=1')).toEqual([before]);
  });

  it('is the same at another ingress', async () => {
    const other = await IngressApp.start({ gateway: app.kafka.beside(), clock: new ManualClock(builtAt) });
    const [newest] = (await other.must('GET', '/sendoff/audit?limit=1')).entries;
    await other.close();
    expect([newest]).toEqual(await entries('limit=1'));
  });

  it('is not for limited keys, and not for keys without the right to manage', async () => {
    for (const key of [{ rights: ['read', 'manage'], functions: ['hello'] }, { rights: ['read'] }]) {
      const { body } = await app.signed('POST', '/sendoff/credentials', key);
      const { access_key: accessKey, secret_key: secretKey } = body;
      expect((await app.signed('GET', '/sendoff/audit', undefined, { accessKey, secretKey })).status).toBe(403);
    }
  });

  it('shows an act once, also if a page ends between its begin and its outcome', async () => {
    await app.createFunction('once');
    const seen: Entry[] = [];
    let marker = '';
    do {
      const page = await app.must('GET', `/sendoff/audit?object=once&limit=1&marker=${marker}`);
      seen.push(...page.entries);
      marker = page.next_marker;
    } while (marker !== '');
    expect(seen.map(({ act, outcome }) => [act, outcome])).toEqual([['createFunction', 'done']]);
  });

  it('shows an act whose ingress ended before the outcome was written', async () => {
    await app.createFunction('half');
    const other = await IngressApp.start({ gateway: app.kafka.beside(), clock: new ManualClock(builtAt) });
    const written = failAuditWrites(other, ({ outcome }) => outcome === 'begun');
    expect((await other.call('POST', '/sendoff/functions/half/pause', { part: 'intake' })).status).toBeGreaterThanOrEqual(500);
    await other.close();
    expect(written.refused).toBe(1);
    expect((await app.must('GET', '/sendoff/functions/half/steering')).intake.paused).toBe(true);
    const [entry] = await entries('act=pauseFunction&object=half');
    expect(entry).toMatchObject({ by: 'token', object: 'half', outcome: 'begun' });
  });

  it('must have the begin of an act before anything is done', async () => {
    await app.createFunction('whole');
    const written = failAuditWrites(app, () => false);
    try {
      expect((await app.call('POST', '/sendoff/functions/whole/pause', { part: 'intake' })).status).toBeGreaterThanOrEqual(500);
    } finally {
      written.restore();
    }
    expect((await app.must('GET', '/sendoff/functions/whole/steering')).intake.paused).toBe(false);
  });
});

/** Lets the broker take those entries only that match, until `restore`. */
function failAuditWrites({ kafka }: IngressApp, matches: (entry: AuditEntry) => boolean) {
  const { publish } = kafka.publisher;
  const topic = kafka.topics.name('audit');
  const counted = { refused: 0, restore: () => void (kafka.publisher.publish = publish) };
  kafka.publisher.publish = async (records, options) => {
    const entry = [records].flat().find((record) => record.topic === topic);
    if (entry === undefined || matches(decodeAuditEntry(entry))) return publish.call(kafka.publisher, records, options);
    counted.refused += 1;
    throw Object.assign(new Error('away'), { statusCode: 503 });
  };
  return counted;
}
