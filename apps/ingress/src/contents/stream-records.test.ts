/**
 * Goal: the newest records of a stream are shown, bounded, and nothing of records that others wrote
 * on the same topic. Method: a whole ingress over the in-memory broker, with records written as the
 * notifier writes them.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cloudEventHeaders, epochMs, PlatformError } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let number = 0;
let stream = '';
let topic = '';
beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(async () => app?.close());
beforeEach(async () => {
  stream = `s${++number}`;
  topic = app.kafka.topics.ofStream(stream);
  await app.must('PUT', `/sendoff/streams/${stream}`);
});

const path = () => `/sendoff/streams/${stream}/records`;
const headersOf = (id: string) => {
  const type = 'dev.sendoff.invocation.succeeded';
  return cloudEventHeaders({ id, source: 'urn', type, at: epochMs(1), contentType: 'application/json' });
};
const make = async (partitions: number, name = topic) =>
  app.kafka.admin.ensureTopics([{ topic: name, partitions, isCompacted: false, retentionMs: -1 }]);
const write = async (key: string, value: string | Buffer | null, name = topic) =>
  app.kafka.publisher.publish({
    topic: name,
    key,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: headersOf(key),
  });

describe('the records of a stream', () => {
  it('are none until the first notification makes the topic', async () => {
    expect(await app.must('GET', path())).toEqual({ topic, topic_exists: false, records: [] });
    await make(1);
    expect(await app.must('GET', path())).toEqual({ topic, topic_exists: true, records: [] });
  });

  it('are shown with place, time, key and value, the newest first', async () => {
    await make(1);
    for (const key of ['r1', 'r2']) await write(key, `{"id":"${key}"}`);
    const { records } = await app.must('GET', path());
    expect(records).toEqual(
      ['r2', 'r1'].map((key, index) => ({
        partition: 0,
        offset: String(1 - index),
        time: expect.stringMatching(/Z$/),
        is_notice: true,
        key,
        value: `{"id":"${key}"}`,
        value_bytes: 11,
      })),
    );
  });

  it('are the newest of all partitions, as many as asked for', async () => {
    await make(12);
    const keys = Array.from({ length: 150 }, (_, index) => `r${index}`);
    for (const key of keys) await write(key, key);
    const shown = async (limit: string) =>
      (await app.must('GET', `${path()}${limit}`)).records.map(({ key }: { key: string }) => key);
    expect(await shown('')).toHaveLength(50);
    expect(await shown('?limit=0')).toHaveLength(50);
    expect(await shown('?limit=1000')).toHaveLength(100);
    const records = (await app.must('GET', `${path()}?limit=20`)).records as { time: string; partition: number }[];
    expect(records.map(({ time }) => time)).toEqual(
      records
        .map(({ time }) => time)
        .toSorted()
        .toReversed(),
    );
    expect(new Set(records.map(({ partition }) => partition)).size).toBeGreaterThan(1);
  });

  it('show the beginning of a large value, and no half of a character', async () => {
    await make(1);
    await write('large', `${'x'.repeat(2_047)}😀${'y'.repeat(5_000)}`);
    await write('none', null);
    const { records } = await app.must('GET', path());
    expect(records[1]).toMatchObject({ value: 'x'.repeat(2_047), value_bytes: 2_047 + 4 + 5_000 });
    expect(records[0]).toMatchObject({ key: 'none', value: '', value_bytes: 0 });
  });

  it('show neither key nor value of what others wrote on the same topic', async () => {
    await make(1, `shared-${stream}`);
    await app.must('PUT', `/sendoff/streams/${stream}`, { topic: `shared-${stream}` });
    await app.kafka.publisher.publish({
      topic: `shared-${stream}`,
      key: 'order-7',
      value: Buffer.from('a secret of the shop'),
      headers: { ...headersOf('x'), ce_type: 'com.example.order' },
    });
    await write('r1', '{}', `shared-${stream}`);
    const { records, topic: shown } = await app.must('GET', path());
    expect(shown).toBe(`shared-${stream}`);
    expect(records.map((record: object) => Object.keys(record))).toEqual([
      ['partition', 'offset', 'time', 'is_notice', 'key', 'value', 'value_bytes'],
      ['partition', 'offset', 'time', 'is_notice'],
    ]);
  });

  it('are refused of a stream that nobody declared, of a topic with very many partitions, and for a wrong limit', async () => {
    expect(await app.refusal('GET', '/sendoff/streams/nobody/records')).toEqual([404, 'FSS.0404']);
    expect(await app.refusal('GET', `${path()}?limit=-1`)).toEqual([400, 'FSS.1001']);
    await make(257);
    expect(await app.refusal('GET', path())).toEqual([400, 'FSS.0400']);
  });

  it('are not read by a limited key: other functions wrote some of them', async () => {
    await app.must('PUT', '/sendoff/agencies/streams', { grants: [{ type: 'DIS', resource: stream }] });
    const given = { rights: ['read'], functions: ['a*'], agencies: ['streams'], topics: [] };
    const { access_key: accessKey, secret_key: secretKey } = await app.must('POST', '/sendoff/credentials', given);
    expect((await app.signed('GET', path(), undefined, { accessKey, secretKey })).status).toBe(403);
  });
});

describe('brokers', () => {
  class Refusing extends MemoryKafka {
    override async recordsFrom(): Promise<never> {
      return Promise.reject(new PlatformError('BROKER_ACCESS_DENIED'));
    }
  }

  it('that refuse the account of the ingress are told, with the right that is missing', async () => {
    const other = await IngressApp.start({ gateway: new Refusing() });
    const refused = other.kafka.topics.ofStream('orders');
    await other.must('PUT', '/sendoff/streams/orders');
    await other.kafka.admin.ensureTopics([{ topic: refused, partitions: 1, isCompacted: false, retentionMs: -1 }]);
    await other.kafka.publisher.publish({ topic: refused, value: Buffer.from('x'), headers: {} });
    const { status, body } = await other.call('GET', '/sendoff/streams/orders/records');
    expect([status, body.error_msg]).toEqual([
      503,
      `the Kafka account of the ingress may not read topic ${refused}: grant it Read`,
    ]);
    await other.close();
  });

  it('that do not answer are told as such', async () => {
    await make(1);
    await write('r1', '{}');
    app.kafka.setReachable(false);
    expect(await app.refusal('GET', path())).toEqual([503, 'FSS.0503']);
    app.kafka.setReachable(true);
  });
});
