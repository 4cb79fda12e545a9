/**
 * Goal: each request on a connection ends, and as soon as it can. Method: the connection to a
 * cluster of scripted brokers.
 */
import type { Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually, ScriptedBrokers } from '#testing';
import { socketFactoryOf } from './kafka-access.ts';
import { type ClusterConnection, newCluster } from './kafkajs-internals.ts';
import type { PoolBroker } from './kafkajs-pool.ts';
import { useOwnBrokerPool } from './own-broker-pool.ts';
import { offsetsOf } from './partition-offsets.ts';

const partition = { topic: 'a', partition: 0 };

let brokers: ScriptedBrokers;
let cluster: ClusterConnection;
let sockets: Socket[];

beforeEach(async () => {
  brokers = await ScriptedBrokers.start({ brokers: 2, topics: { [partition.topic]: [2] } });
  sockets = [];
  const make = socketFactoryOf({});
  const socketFactory: ISocketFactory = (options) => {
    const socket = make(options) as Socket;
    sockets.push(socket);
    return socket;
  };
  useOwnBrokerPool();
  cluster = newCluster({
    // Broker 2 is met through the metadata.
    brokers: brokers.addresses.slice(0, 1),
    clientId: 'test',
    logCreator: () => () => undefined,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    socketFactory,
  });
  await cluster.connect();
  await cluster.addMultipleTargetTopics([partition.topic]);
});
afterEach(async () => {
  await cluster.disconnect();
  await brokers.stop();
});

/** Asks broker 2 for the end of its partition. */
async function end(): Promise<bigint | undefined> {
  const faults: unknown[] = [];
  const offsets = await offsetsOf(cluster, [partition], 'end', (error) => void faults.push(error));
  expect(faults).toEqual([]);
  return offsets.get('a/0');
}

describe('the connection to a broker', () => {
  it('answers all who need it while it is made', async () => {
    let answer = (): void => undefined;
    const mayAnswer = new Promise<void>((resolve) => {
      answer = resolve;
    });
    brokers.script('ApiVersions', async (_received, usual) => {
      await mayAnswer;
      return usual();
    });
    const first = end();
    await eventually(() => brokers.received('ApiVersions').some(({ broker }) => broker === 2));
    const second = end();
    answer();
    expect(await Promise.all([first, second])).toEqual([0n, 0n]);
  });

  it('stays when its former socket ends late', async () => {
    await end();
    const former = sockets.at(-1);
    const broker = await cluster.findBroker({ nodeId: '2' });
    await broker.disconnect();
    brokers.script('ListOffsets', async (_received, usual) => {
      former?.emit('end');
      return usual();
    });
    expect(await end()).toBe(0n);
    expect(sockets.at(-1)).not.toBe(former);
  });

  it('ends its requests at once when it is closed', async () => {
    await end();
    const broker = await cluster.findBroker({ nodeId: '2' });
    brokers.script('ListOffsets', async () => 'silence');
    const asked = broker.listOffsets({ isolationLevel: 1, topics: [] });
    await eventually(() => brokers.received('ListOffsets').length === 2);
    const closed = broker.disconnect();
    await expect(asked).rejects.toMatchObject({ name: 'KafkaJSConnectionError' });
    await closed;
    brokers.unscript('ListOffsets');
    expect(await end()).toBe(0n);
  });

  it.each([
    ['a size that leads back to itself', 'fffffffc'],
    ['a negative size', 'ffff0000'],
    ['an answer without a number', '0000000100'],
    ['an alert of TLS', '15030300020246'],
    ['an answer of HTTP', Buffer.from('HTTP/1.1 400 Bad Request').toString('hex')],
  ])('ends its requests at once at %s', async (_what, hex) => {
    await end();
    const broker = await cluster.findBroker({ nodeId: '2' });
    brokers.script('ListOffsets', async () => 'silence');
    const asked = broker.listOffsets({ isolationLevel: 1, topics: [] });
    await eventually(() => brokers.received('ListOffsets').length === 2);
    sockets.at(-1)?.emit('data', Buffer.from(hex, 'hex'));
    await expect(asked).rejects.toMatchObject({
      name: 'KafkaJSConnectionError',
      message: expect.stringContaining('No answer of Kafka'),
    });
    brokers.unscript('ListOffsets');
    expect(await end()).toBe(0n);
  });

  it('sets no timer for waiting requests while none waits', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    try {
      await end();
      await end();
      const delays = timers.mock.calls.map(([, delayMs = 0]) => delayMs);
      expect(delays.length).toBeGreaterThan(0);
      expect(delays.filter((delayMs) => delayMs < 0)).toEqual([]);
    } finally {
      timers.mockRestore();
    }
  });

  it('sends the next request after the pause that a broker asks for', async () => {
    await end();
    const broker = (await cluster.findBroker({ nodeId: '2' })) as unknown as PoolBroker;
    const { requestQueue } = await broker.connectionPool.getConnection(0);
    requestQueue.maybeThrottle(30);
    const askedAt = performance.now();
    expect(await end()).toBe(0n);
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(25);
  });
});
