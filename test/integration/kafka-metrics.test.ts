/**
 * Goal: an operator sees the metrics of the Kafka library on the /metrics of a service. Method: a
 * built retry-scheduler, and a record in a delay topic that nobody can read.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka, topicSpecs } from '#kafka';
import { Arrivals } from '#testing';

it('a service shows the metrics of its publisher and of its consumers', async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const brokers = inject('kafkaBrokers').split(',');
  const gateway = await connectKafka({ brokers, clientId: 'test', topics, replication: 1 });
  onTestFinished(() => gateway.close());
  await gateway.admin.ensureTopics(topicSpecs(topics, 1));
  const topic = topics.name('delays.near');
  const rejects = new Arrivals<string>();
  const follower = gateway.follower({ topic: topics.name('rejects'), from: 'earliest' });
  onTestFinished(() => follower.close());
  await follower.start((record) => rejects.add(String(record.value)));

  const service = spawn(process.execPath, ['dist/apps/retry-scheduler/src/main.js'], {
    env: {
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.prefix,
      KAFKA_PARTITIONS: '1',
      SENDOFF_PLATFORM_KEY: 'a-platform-key-of-32-characters-or-more',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => void service.kill('SIGKILL'));
  const [{ ready }] = (await once(service, 'message')) as [{ readonly ready: string }];
  await gateway.publisher.publish({ topic, value: Buffer.from('nonsense'), headers: {} });
  await rejects.until(1);

  const metricsOf = async () => (await fetch(`${ready}/metrics`)).text();
  const labels = `{topic="${topic}",service="retry-scheduler"}`;
  await expect.poll(metricsOf).toContain(`sendoff_rejects_total${labels} 1`);
  await expect.poll(metricsOf).toContain(`sendoff_consumer_lag_records${labels} 0`);
  const metrics = await metricsOf();
  for (const name of ['publisher_records', 'publisher_bytes', 'publisher_requests', 'partitions_paused'])
    expect(metrics).toContain(`sendoff_${name}{service="retry-scheduler"} 0`);
  expect(metrics).toContain('# TYPE sendoff_records_again_total counter');
});
