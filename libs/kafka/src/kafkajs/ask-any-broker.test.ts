import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askAny } from './ask-any-broker.ts';
import type { BrokerPool, PoolBroker } from './kafkajs-pool.ts';
import { SilentBrokers, watchOf } from './silent-brokers.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A pool that knows connected brokers by their ports, and no other bootstrap servers. */
function aPool(ports: readonly number[], build: () => Promise<unknown> = async () => ({ host: 'h', port: ports[0] })) {
  const { socketFactory } = new SilentBrokers(
    () => expect.fail(),
    () => undefined,
  );
  const brokers = ports.map(
    (port) =>
      ({ nodeId: port, isConnected: () => true, connectionPool: { host: 'h', port, socketFactory } }) as unknown as PoolBroker,
  );
  const pool = {
    brokers: Object.fromEntries(brokers.map((broker) => [broker.nodeId, broker])),
    connectionPoolBuilder: { build },
    createBroker: ({ connectionPool }: { connectionPool: object }) => ({ nodeId: -1, isConnected: () => true, connectionPool }),
  } as unknown as BrokerPool;
  const last = () => ports.filter((port) => watchOf(socketFactory)?.isAskedLast('h', port) === true);
  return { pool, last };
}

/** Answers that the test gives, in the order of the questions. */
function questions() {
  const asked: { readonly port: number; readonly answer: PromiseWithResolvers<string> }[] = [];
  const question = async ({ connectionPool: { port } }: PoolBroker) => {
    const answer = Promise.withResolvers<string>();
    asked.push({ port, answer });
    return answer.promise;
  };
  return { asked, question };
}

it('holds nothing against brokers that were asked in the moment in which one fails', async () => {
  const { pool, last } = aPool([1, 2, 3, 4]);
  const { asked, question } = questions();
  const answered = askAny(pool, question);
  await vi.advanceTimersByTimeAsync(499);
  // The timer of the first broker fires, and the broker fails, before another one is asked.
  vi.advanceTimersByTime(1);
  asked[0]?.answer.reject(new Error('closed'));
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(3);
  for (const { answer } of asked.slice(1)) answer.resolve('metadata');
  expect(await answered).toBe('metadata');
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(600);
  expect(last()).toEqual([asked[0]?.port]);
});

it('asks no other broker once one has answered', async () => {
  const { pool, last } = aPool([1, 2]);
  const { asked, question } = questions();
  const answered = askAny(pool, question);
  await vi.advanceTimersByTimeAsync(499);
  // The answer comes while the timer looks for another broker.
  asked[0]?.answer.resolve('metadata');
  vi.advanceTimersByTime(1);
  expect(await answered).toBe('metadata');
  await vi.advanceTimersByTimeAsync(600);
  expect([asked.length, last().length, vi.getTimerCount()]).toEqual([1, 1, 0]);
});

it('waits for the brokers that were asked if no bootstrap server can be named', async () => {
  const build = async () => Promise.reject(new Error('no address'));
  const { pool } = aPool([1], build);
  const { asked, question } = questions();
  const answered = askAny(pool, question);
  await vi.advanceTimersByTimeAsync(600);
  asked[0]?.answer.resolve('late');
  expect(await answered).toBe('late');
  const refused = askAny(aPool([], build).pool, question);
  await expect(refused).rejects.toThrow('no address');
});
