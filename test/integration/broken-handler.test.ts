/**
 * Goal: a service whose handler is broken ends with 1, says why, and loses no record. Method: a
 * service of its own process, made of the library's parts, whose handler throws a TypeError; then a
 * healthy consumer joins the same group.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka, topicSpecs } from '#kafka';
import { Arrivals } from '#testing';

const brokenService = `
  import { Controller, Module } from '@nestjs/common';
  import { openKafka } from '#kafka';
import { OnRecord, SendoffStrategy } from '#kafka/strategy';
  import { ServiceConfig } from '#platform';
import { runService } from '#platform/service';
  class Broken {
    async onInvocation() {
      throw new TypeError('a bug of this service');
    }
  }
  OnRecord('invocations')(Broken.prototype, 'onInvocation', Object.getOwnPropertyDescriptor(Broken.prototype, 'onInvocation'));
  Controller()(Broken);
  class BrokenModule {}
  Module({ controllers: [Broken] })(BrokenModule);
  await runService({
    name: 'broken',
    config: ServiceConfig,
    async compose({ config, logger, metrics, fatal, clock }) {
      const gateway = await openKafka({ ...config, name: 'broken', logger, metrics, fatal, clock });
      const strategy = new SendoffStrategy({ gateway, clock, groupId: gateway.topics.prefix + 'broken', drainMs: 1_000 });
      return { module: BrokenModule, transports: [strategy] };
    },
  });`;

it('a service whose handler fails RECORD_TRIES_MAX times on a record ends with 1 and does not commit the record', async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const brokers = inject('kafkaBrokers').split(',');
  const gateway = await connectKafka({ brokers, clientId: 'test', topics, replication: 1 });
  onTestFinished(() => gateway.close());
  await gateway.admin.ensureTopics(topicSpecs(topics, 1));
  await gateway.publisher.publish({ topic: topics.name('invocations'), value: Buffer.from('precious'), headers: {} });

  const service = spawn(process.execPath, ['--import=reflect-metadata', '--input-type=module', '-e', brokenService], {
    env: {
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.prefix,
      KAFKA_PARTITIONS: '1',
      RECORD_TRIES_MAX: '3',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void service.kill('SIGKILL'));
  const [log, [code]] = await Promise.all([text(service.stderr), once(service, 'exit')]);

  expect(code).toBe(1);
  const lastLine = JSON.parse(log.trim().split('\n').at(-1) ?? '') as object;
  expect(lastLine).toMatchObject({
    code: 'RECORD_UNHANDLED',
    msg: `RECORD_UNHANDLED: the handler failed 3 times on the record of ${topics.name('invocations')}, partition 0, offset 0: TypeError: a bug of this service`,
  });
  const arrivals = new Arrivals<string>();
  const consumer = gateway.consumer({ groupId: `${topics.prefix}broken`, topics: [topics.name('invocations')] });
  onTestFinished(() => consumer.close(0));
  await consumer.start(async (record) => arrivals.add(String(record.value)));
  expect(await arrivals.until(1)).toEqual(['precious']);
});
