/** Parts of a backup that the tests of several kinds of installations share. */
import { Kafka, logLevel } from 'kafkajs';
import { zipOf } from '#testing';
import { createTopic } from '../user-topics.ts';
import { type Client, destination } from '../e2e/client.ts';

const source = 'exports.handler = async (event, context) => `${event.name} ${context.getUserData("password")}`;';

/** A function with code in the object store, a secret, and a bucket for its results. */
export async function furnish(client: Client): Promise<void> {
  await client.grantEverything();
  await client.must('PUT', '/sendoff/buckets/results', {});
  await client.createFunction('greet', '', {
    ...{ code_type: 'zip', func_code: { file: zipOf({ 'index.js': source }).toString('base64') } },
    encrypted_user_data: JSON.stringify({ password: 'hush' }),
  });
  await client.setPolicy('greet', { destination_config: { on_success: destination('OBS', { bucket: 'results' }) } });
}

/** The answer of this function. */
export const greeted = async (client: Client, name: string): Promise<unknown> =>
  (await client.call('POST', '/fgs/functions/greet/invocations', { name })).body;

/** The records of the registry, as a tool of Kafka exports them. */
export async function exported(brokers: string, topic: string) {
  const consumer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).consumer({ groupId: 'a-backup' });
  const records: { key: Buffer | null; value: Buffer | null; headers: Record<string, Buffer> }[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const isOver = new Promise<void>((resolve) => {
    consumer.on('consumer.end_batch_process', ({ payload }) => {
      if (payload.offsetLag === '0') resolve();
    });
  });
  await consumer.run({
    eachMessage: async ({ message: { key, value, headers } }) =>
      void records.push({ key, value, headers: headers as Record<string, Buffer> }),
  });
  await isOver;
  await consumer.disconnect();
  return records;
}

/** Writes the records to a new topic of the registry. */
export async function imported(brokers: string, topic: string, messages: Awaited<ReturnType<typeof exported>>): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await createTopic(admin, { topic, configEntries });
  await producer.send({ topic, messages });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}
