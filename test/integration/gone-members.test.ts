/**
 * Goal: a new member of a group does not wait for killed members, and removes no living ones.
 * Method: another process joins a group with a session timeout of a minute, and is killed or not.
 * Then a consumer of the test joins the same group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka, type KafkaGateway, type RecordConsumer } from '#kafka';
import { nameOfProcess } from '#platform';

const member = `
  import { Topics } from '#contracts';
  import { connectKafka } from '#kafka';
  import { nameOfProcess } from '#platform';
  const { brokers, options } = JSON.parse(process.argv[1]);
  const processName = await nameOfProcess();
  const gateway = await connectKafka({ brokers, clientId: 'a', processName, topics: new Topics('p.'), replication: 1 });
  await gateway.consumer(options).start(async () => undefined);
  process.send('joined');`;

let gateway: KafkaGateway;
let other: ChildProcess;
let consumer: RecordConsumer | undefined;
let removed: unknown[] = [];
let options: { groupId: string; topics: string[]; sessionTimeoutMs: number };
const brokers = () => inject('kafkaBrokers').split(',');

beforeEach(async () => {
  const processName = await nameOfProcess();
  removed = [];
  gateway = await connectKafka({
    brokers: brokers(),
    clientId: 'b',
    ...(processName === undefined ? {} : { processName }),
    topics: new Topics('p.'),
    replication: 1,
    log: (_level, message, details) => {
      if (message.includes('were removed from a group')) removed.push(details);
    },
  });
  const topic = `gone-${randomUUID()}`;
  await gateway.admin.ensureTopics([{ topic, partitions: 2, isCompacted: false, retentionMs: 60_000 }]);
  options = { groupId: `g-${topic}`, topics: [topic], sessionTimeoutMs: 60_000 };
  other = spawn(
    process.execPath,
    [
      '--disable-warning=TimeoutNegativeWarning',
      '--input-type=module',
      '-e',
      member,
      JSON.stringify({ brokers: brokers(), options }),
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  await once(other, 'message');
});
afterEach(async () => {
  other.kill('SIGKILL');
  await consumer?.close(0);
  await gateway.close();
});

it('a killed member is removed from the group, and the next member does not wait for it', async () => {
  other.kill('SIGKILL');
  await once(other, 'exit');
  const startedAt = performance.now();
  consumer = gateway.consumer(options);
  await consumer.start(async () => undefined);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect(removed).toEqual([{ groupId: options.groupId, count: 1 }]);
});

it('a living member stays in the group', async () => {
  consumer = gateway.consumer(options);
  await consumer.start(async () => undefined);
  expect(removed).toEqual([]);
});
