/**
 * Goal: no accepted invocation is lost when a service dies while it works, and the registry
 * survives a stop. Method: invocations fail once and then succeed, so that every service has work.
 * The test kills each service in turn with SIGKILL. Every accepted invocation must end as SUCCESS,
 * and its notification must reach the stream.
 */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Service } from '#contracts';
import { eventually } from '#testing';
import { destination } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';
import { postgresPrograms, startPostgres } from '../postgres-server.ts';

const failsOnce = `
exports.handler = async (event) => {
  if (Date.now() < event.failUntilMs) throw new Error('not yet');
  return event.n;
};`;

let installation: Installation;
let kafka: KafkaSide;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
  await installation.client.must('PUT', '/sendoff/streams/survivors', {});
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
});

describe('a service killed in the middle of work', () => {
  it.each<[Service]>([['executor'], ['retry-scheduler'], ['notifier'], ['status-logger'], ['ingress']])(
    'loses nothing: %s',
    async (service) => {
      const name = `through-${service}`;
      await installation.client.createFunction(name, failsOnce);
      await installation.client.setPolicy(name, {
        max_async_retry_attempts: 3,
        destination_config: { on_success: destination('DIS', { stream_name: 'survivors' }) },
      });
      const told = await kafka.read(`${installation.topicPrefix}stream.survivors`);
      const invokeAll = async (from: number) =>
        Promise.all(
          Array.from({ length: 20 }, async (_, index) =>
            installation.client.invoke(name, { n: from + index, failUntilMs: Date.now() + 400 }),
          ),
        );
      const before = await invokeAll(0);
      await installation.killService(service);
      const after = await eventually(
        async () => (await installation.client.call('GET', `/fgs/functions/${name}/config`)).status === 200,
      ).then(async () => invokeAll(20));
      for (const requestId of [...before, ...after]) {
        await told(({ key }) => key === requestId, 60_000);
        expect(await installation.client.ended(name, requestId)).toMatchObject({ status: 'SUCCESS' });
      }
    },
    120_000,
  );
});

describe('the whole stopped and started again', () => {
  it('makes nobody a failure whom it cut off: such an invocation runs again and is told of once', async () => {
    await installation.client.createFunction(
      'cut-off',
      'exports.handler = async ({ ms }) => { await new Promise((done) => setTimeout(done, ms)); return ms; };',
      { timeout: 60, strategy_config: { concurrency: 2, concurrent_num: 10 } },
    );
    const told = destination('DIS', { stream_name: 'survivors' });
    await installation.client.setPolicy('cut-off', {
      max_async_retry_attempts: 0,
      destination_config: { on_success: told, on_failure: told },
    });
    const { dataDir, topicPrefix, brokers } = installation;
    expect(await installation.stop({ keepData: true })).toBe(0);
    const env = { KAFKA_TOPIC_PREFIX: topicPrefix };
    installation = await Installation.start({ brokers, dataDir, env: { ...env, DRAIN_TIMEOUT_MS: '300' } });
    const requestIds = await Promise.all(
      Array.from({ length: 4 }, async () => installation.client.invoke('cut-off', { ms: 3_000 })),
    );
    await eventually(async () => (await installation.client.records('cut-off', '&status=RUNNING')).length === 4);
    expect(await installation.stop({ keepData: true })).toBe(0);
    installation = await Installation.start({ brokers, dataDir, env });
    const messages = await kafka.read(`${topicPrefix}stream.survivors`);
    for (const requestId of requestIds) {
      expect(await installation.client.ended('cut-off', requestId)).toMatchObject({
        status: 'SUCCESS',
        approximate_invoke_count: 1,
      });
      expect(await installation.client.delivered('cut-off', requestId)).toMatchObject({ deliveries: [{ state: 'delivered' }] });
      const { value } = await messages(({ key }) => key === requestId);
      expect(JSON.parse(String(value))).toMatchObject({ request_context: { condition: '' } });
    }
  }, 120_000);

  it('drains, ends 0, and has its functions, policies and records intact, also with an older copy of the store', async () => {
    await installation.client.createFunction('kept', 'exports.handler = async () => 1;');
    await installation.client.setPolicy('kept', { max_async_retry_attempts: 2 });
    const policy = await installation.client.must('GET', '/fgs/functions/kept/async-invoke-config');
    const { dataDir, topicPrefix, brokers } = installation;
    const [store, older] = [join(dataDir, 'status.db'), join(dataDir, 'older.db')];
    const database = new DatabaseSync(store, { readOnly: true });
    database.exec(`VACUUM INTO '${older}'`);
    database.close();
    const requestId = await installation.client.invoke('kept');
    await installation.client.ended('kept', requestId);
    expect(await installation.stop({ keepData: true })).toBe(0);
    await rename(older, store);
    for (const suffix of ['-wal', '-shm']) await rm(store + suffix, { force: true });
    installation = await Installation.start({ brokers, dataDir, env: { KAFKA_TOPIC_PREFIX: topicPrefix } });
    expect(await installation.client.must('GET', '/fgs/functions/kept/async-invoke-config')).toEqual(policy);
    expect(await installation.client.ended('kept', requestId)).toMatchObject({ status: 'SUCCESS' });
    await installation.client.ended('kept', await installation.client.invoke('kept'));
  }, 120_000);

  /** Invokes a function, starts again on a store that is empty, and waits for the same records. */
  const rebuild = async (functionName: string, env: Record<string, string>) => {
    await installation.client.createFunction(functionName, 'exports.handler = async () => 1;');
    const invoke = async () => installation.client.invoke(functionName);
    const requestIds = await Promise.all(Array.from({ length: 40 }, invoke));
    for (const requestId of requestIds) await installation.client.ended(functionName, requestId);
    expect(await installation.stop({ keepData: true })).toBe(0);
    const { dataDir, topicPrefix, brokers } = installation;
    for (const suffix of ['', '-wal', '-shm']) await rm(join(dataDir, `status.db${suffix}`), { force: true });
    installation = await Installation.start({ brokers, dataDir, env: { KAFKA_TOPIC_PREFIX: topicPrefix, ...env } });
    const again = await eventually(async () => {
      const records = await installation.client.records(functionName, '&status=SUCCESS');
      return records.length === requestIds.length && records;
    });
    expect(new Set(again.map(({ request_id }) => request_id))).toEqual(new Set(requestIds));
  };

  it('builds the records of the status store anew from the topics when its file is gone', async () => {
    await rebuild('remembered', {});
  }, 120_000);

  it('builds the records from the topics in a database of PostgreSQL that is empty', async ({ skip, onTestFinished }) => {
    const programs = postgresPrograms();
    skip('missing' in programs, 'missing' in programs ? programs.missing : '');
    const server = await startPostgres();
    onTestFinished(async () => {
      await installation.stop();
      await server.stop();
    });
    await rebuild('moved', { DATABASE_URL: await server.newDatabase() });
  }, 120_000);
});
