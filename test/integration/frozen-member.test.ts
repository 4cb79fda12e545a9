/**
 * Goal: a process that stood still does not go on with records that another process has handled
 * meanwhile. Method: a consumer in a process of its own works its records off one by one. It is
 * stopped with SIGSTOP for longer than its session timeout, while a consumer of the test handles
 * all records. Then it is continued.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { Arrivals } from '#testing';

const records = 200;

const member = `
  import { Topics } from '#contracts';
  import { connectKafka } from '#kafka';
  const { brokers, options } = JSON.parse(process.argv[1]);
  const gateway = await connectKafka({ brokers, clientId: 'a', topics: new Topics('p.'), replication: 1 });
  let turn = Promise.resolve();
  await gateway.consumer(options).start((record, lost, delivery) => {
    const done = turn.then(async () => {
      await delivery.readyToAct();
      process.send('acted');
      await new Promise((resolve) => setTimeout(resolve, 25));
    });
    turn = done.catch(() => undefined);
    return done.catch((error) => {
      process.send(error.code);
      throw error;
    });
  });`;

it('a process that was stopped handles nothing that another process has handled', { timeout: 60_000 }, async () => {
  const brokers = inject('kafkaBrokers').split(',');
  const gateway = await connectKafka({ brokers, clientId: 'b', topics: new Topics('p.'), replication: 1 });
  onTestFinished(() => gateway.close());
  const topic = `frozen-${randomUUID()}`;
  await gateway.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: 60_000 }]);
  await gateway.publisher.publish(
    Array.from({ length: records }, (_, index) => ({ topic, value: Buffer.from(String(index)), headers: {} })),
  );
  const options = { groupId: `g-${topic}`, topics: [topic], sessionTimeoutMs: 1_500 };
  const frozen = spawn(
    process.execPath,
    ['--disable-warning=TimeoutNegativeWarning', '--input-type=module', '-e', member, JSON.stringify({ brokers, options })],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  onTestFinished(() => void frozen.kill('SIGKILL'));
  const events = new Arrivals<string>();
  frozen.on('message', (event: string) => events.add(event));
  const ended = once(frozen, 'exit').then(([code]) => Promise.reject(new Error(`the stopped process ended early with ${code}`)));
  ended.catch(() => undefined);
  // A busy machine may take long to start a process.
  await Promise.race([once(frozen, 'message'), ended]);
  await events.until(5);

  frozen.kill('SIGSTOP');
  const handled = new Arrivals<string>();
  const consumer = gateway.consumer(options);
  onTestFinished(() => consumer.close(0));
  await consumer.start(async ({ value }) => handled.add(String(value)));
  await handled.until((values) => values.includes(String(records - 1)));
  const actedBefore = events.items.filter((event) => event === 'acted').length;
  frozen.kill('SIGCONT');

  // Each record that it had been handed either acted or was refused.
  await events.until(records);
  const acted = events.items.filter((event) => event === 'acted').length;
  // Messages of the last 25 ms before the stop may arrive after it.
  expect(acted - actedBefore).toBeLessThanOrEqual(2);
  expect(new Set(events.items)).toEqual(new Set(['acted', 'PARTITION_LOST']));
});
