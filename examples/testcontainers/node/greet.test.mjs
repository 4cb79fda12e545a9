/**
 * A suite of an application that invokes functions. `node --test` runs it, with Docker and the
 * packages `@sendoff/testcontainers` and `kafkajs`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SendoffContainer } from '@sendoff/testcontainers';
import { Kafka, logLevel } from 'kafkajs';

let sendoff;

before(async () => {
  sendoff = await new SendoffContainer(process.env.SENDOFF_IMAGE ?? 'sendoff:latest')
    // Fails every other time.
    .withFunction(
      'greet',
      'let n = 0; exports.handler = async ({ name }) => { if (++n % 2) throw new Error("no luck"); return `hello ${name}`; };',
    )
    .withPolicy('greet', { retriesMax: 3, retryWaitBaseSeconds: 0.1, onSuccess: { stream: 'greetings' } })
    .withFunction('fail', 'exports.handler = async () => { throw new Error("never works"); };')
    .withPolicy('fail', { retriesMax: 0, onFailure: { bucket: 'failures' } })
    .start();
});
after(async () => sendoff?.stop());

test('a function that fails once is run again, and its stream is told', async () => {
  const requestId = await sendoff.invoke('greet', { name: 'world' });
  const record = await sendoff.settled(requestId);
  assert.deepEqual([record.status, record.attempts], ['SUCCESS', 2]);
  const [notice] = await sendoff.notices({ stream: 'greetings' }, { requestId });
  assert.deepEqual([notice.event, notice.response], [{ name: 'world' }, 'hello world']);
});

test('a function that always fails has a notice in its bucket', async () => {
  const requestId = await sendoff.invoke('fail');
  assert.equal((await sendoff.settled(requestId)).status, 'FAIL');
  const [notice] = await sendoff.notices({ bucket: 'failures' }, { requestId });
  assert.match(notice.error, /never works/);
});

test('a Kafka producer on the host invokes a function', async () => {
  const kafka = new Kafka({ brokers: sendoff.getKafkaBootstrapServers().split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const headers = { 'sendoff-function': 'greet', 'sendoff-project': sendoff.getProjectId() };
  await producer.send({ topic: 'sendoff.intake', messages: [{ value: '{"name":"kafka"}', headers }] });
  await producer.disconnect();
  const notices = await sendoff.notices({ stream: 'greetings' }, { count: 2 });
  assert.equal(notices.at(-1).response, 'hello kafka');
});
