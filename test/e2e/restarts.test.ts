/**
 * Goal: nothing that was accepted is lost when a service dies in the middle of work, and the registry outlives a stop.
 * Method: a stream of invocations that fail once and then succeed, so that every service has work; each service in turn is
 * killed with SIGKILL while they run; every accepted invocation must end as SUCCESS and be told to the stream.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { destination } from './client.ts';
import { Installation, type ServiceName } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

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
  it.each<[ServiceName]>([['executor'], ['retry-scheduler'], ['notifier'], ['status-logger'], ['ingress']])(
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
  it('drains, ends 0, and has its functions and policies intact', async () => {
    await installation.client.createFunction('kept', 'exports.handler = async () => 1;');
    await installation.client.setPolicy('kept', { max_async_retry_attempts: 2 });
    const policy = await installation.client.must('GET', '/fgs/functions/kept/async-invoke-config');
    const requestId = await installation.client.invoke('kept');
    await installation.client.ended('kept', requestId);
    expect(await installation.stop({ keepData: true })).toBe(0);
    const { dataDir, topicPrefix, brokers } = installation;
    installation = await Installation.start({ brokers, dataDir, env: { KAFKA_TOPIC_PREFIX: topicPrefix } });
    expect(await installation.client.must('GET', '/fgs/functions/kept/async-invoke-config')).toEqual(policy);
    expect(await installation.client.ended('kept', requestId)).toMatchObject({ status: 'SUCCESS' });
    await installation.client.ended('kept', await installation.client.invoke('kept'));
  }, 120_000);
});
