/**
 * Goal: readers get the records of committed transactions only, whatever the keys of the others
 * are, and go on behind them. Method: transactional producers write to a real broker; a consumer of
 * a group and a follower read.
 */
import { Kafka, logLevel, type Transaction } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { Arrivals, eventually } from '#testing';
import { ClusterTools, text } from '../../libs/kafka/src/conformance/cluster-tools.conformance.ts';

const brokers = inject('kafkaBrokers').split(',');
const tools = new ClusterTools(async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  return {
    topics,
    connect: (hooks) => connectKafka({ brokers, clientId: 'transactions', topics, replication: 1, ...hooks }),
  };
});

async function begin(): Promise<Transaction> {
  const client = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const producer = client.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, allowAutoTopicCreation: false });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer.transaction();
}

it('records of aborted transactions are not read, also if their key is the integer 0', { timeout: 60_000 }, async () => {
  const topic = await tools.aTopic();
  const zero = Buffer.alloc(4);
  const send = async (transaction: Transaction, ...values: readonly string[]) =>
    transaction.send({ topic, messages: values.map((value) => ({ partition: 0, key: zero, value })) });
  const [one, other, last] = [await begin(), await begin(), await begin()];
  await send(one, 'aborted 1');
  await send(other, 'aborted 2');
  await send(one, 'aborted 3', 'aborted 4');
  await send(other, 'aborted 5');
  await one.abort();
  await other.abort();
  await send(last, 'committed 1', 'committed 2');
  await last.commit();
  const seen = new Arrivals<string>();
  const consumer = await tools.consume({ topics: [topic] }, async (record) => seen.add(text(record)));
  await seen.until(2);
  expect(seen.items).toEqual(['committed 1', 'committed 2']);
  // It counts the mark of the last commit as finished, so nothing seems to be left.
  const [{ end } = expect.fail()] = await tools.gateway.admin.ends(topic);
  await eventually(() => consumer.progress().every(({ finishedTo }) => finishedTo === end));
  // It is caught up behind the mark of the last commit.
  expect((await tools.recordsOf(topic)).map(text)).toEqual(['committed 1', 'committed 2']);
});
