/**
 * Goal: a call of `publish` resolves only if its records are in Kafka. A broker that vanishes holds
 * up nothing but its own partitions. Method: scripted brokers, and the gateway above the real
 * client.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { Topics } from '#contracts';
import { eventually, ScriptedBrokers } from '#testing';
import type { KafkaGateway } from '../ports.ts';
import { connectKafka, type KafkaOptions } from './connect-kafka.ts';

let brokers: ScriptedBrokers;
let gateway: KafkaGateway;

async function start(topics: Readonly<Record<string, readonly number[]>>, publishTimeoutMs = 5_000): Promise<void> {
  brokers = await ScriptedBrokers.start({ brokers: 3, topics });
  await connect(publishTimeoutMs);
}

async function connect(publishTimeoutMs = 5_000, options: Partial<KafkaOptions> = {}): Promise<void> {
  const addresses = brokers.addresses;
  gateway = await connectKafka({
    ...options,
    brokers: addresses,
    clientId: 'test',
    topics: new Topics('t.'),
    replication: 1,
    publishTimeoutMs,
  });
}

const aRecord = (value: string, partition?: number) => ({
  topic: 'a',
  value: Buffer.from(value),
  headers: {},
  ...(partition === undefined ? {} : { partition }),
});

/** How long a promise takes, in milliseconds. */
async function msOf(promise: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await promise;
  return performance.now() - startedAt;
}

afterEach(async () => {
  await gateway.close();
  await brokers.stop();
});

describe('an acknowledged record is in Kafka', () => {
  it('if its partition moves to a broker that has already answered this batch', async () => {
    await start({ a: [1, 2] });
    await gateway.publisher.publish([aRecord('warm', 0), aRecord('warm', 1)]);
    let isMoved = false;
    brokers.script('Produce', async ({ broker }, usual) => {
      if (broker === 2 && !isMoved) {
        isMoved = true;
        brokers.lead('a', 1, 1);
      }
      return usual();
    });
    await gateway.publisher.publish([aRecord('stays', 0), aRecord('moves', 1)]);
    expect([brokers.log('a', 0).holds('stays'), brokers.log('a', 1).holds('moves')]).toEqual([true, true]);
  });

  it.each<[title: string, change: (partition: { readonly partition: number }) => object[]]>([
    ['the answer does not name', () => []],
    ['the answer names without an offset', (one) => [{ ...one, errorCode: 0, baseOffset: -1n }]],
  ])('if %s its partition at first', async (_title, change) => {
    await start({ a: [1, 1] });
    let answers = 0;
    brokers.script('Produce', async ({ request }, usual) => {
      answers += 1;
      const whole = await usual();
      if (answers > 1) return whole;
      // The first answer is of a broker that wrote partition 0 only.
      const [topic] = whole.topics;
      const partitions = (topic?.partitions ?? []).flatMap((one) => (one.partition === 1 ? change(one) : [one]));
      return { ...whole, topics: [{ topic: request.topics[0]?.topic ?? '', partitions }] as typeof whole.topics };
    });
    await gateway.publisher.publish([aRecord('x', 0), aRecord('y', 1)]);
    const sent = brokers
      .received('Produce')
      .map(({ request }) => request.topics.flatMap(({ partitions }) => partitions.map((one) => one.partition)));
    expect(sent).toEqual([[0, 1], [1]]);
  });

  it('or the call fails: for a partition that does not exist', async () => {
    await start({ a: [1] }, 300);
    await expect(gateway.publisher.publish(aRecord('x', 7))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });

  it.each([
    ['NOT_ENOUGH_REPLICAS', 19],
    ['REQUEST_TIMED_OUT', 7],
    ['KAFKA_STORAGE_ERROR', 56],
  ])('after errors %s that pass before the deadline, and no other record of the batch is repeated', async (_name, errorCode) => {
    await start({ a: [1, 1] });
    let errors = 0;
    brokers.script('Produce', async (_received, usual) => {
      const whole = await usual();
      errors += 1;
      if (errors > 3) return whole;
      const partitions = (whole.topics[0]?.partitions ?? []).map((one) =>
        one.partition === 1 ? { ...one, errorCode, baseOffset: -1n } : one,
      );
      return { ...whole, topics: [{ topic: 'a', partitions }] };
    });
    await gateway.publisher.publish([aRecord('x', 0), aRecord('y', 1)]);
    expect([brokers.log('a', 0).end, brokers.log('a', 1).end]).toEqual([1n, 4n]);
  });
});

describe('a broker that vanishes without closing its connections', () => {
  it('does not hold up records for other leaders', async () => {
    await start({ a: [1, 2, 3] }, 1_500);
    await gateway.publisher.publish([0, 1, 2].map((partition) => aRecord('warm', partition)));
    brokers.freeze(1);
    const hung = gateway.publisher.publish(aRecord('hung', 0)).catch((error: unknown) => error);
    for (let count = 0; count < 10; count += 1)
      expect(await msOf(gateway.publisher.publish([aRecord('x', 1), aRecord('y', 2)]))).toBeLessThan(1_000);
    expect(await hung).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(gateway.isConnected()).toBe(true);
  });

  it('loses its partitions to the new leader: records wait no longer than for the next look at the metadata', async () => {
    await start({ a: [1] });
    await gateway.publisher.publish(aRecord('warm', 0));
    brokers.freeze(1);
    const published = gateway.publisher.publish(aRecord('moves', 0));
    await eventually(() => brokers.received('Metadata').filter(({ broker }) => broker !== 1).length > 2);
    brokers.lead('a', 0, 2);
    const failoverMs = msOf(gateway.publisher.publish(aRecord('later', 0)));
    await published;
    expect(await failoverMs).toBeLessThan(2_500);
    expect(['moves', 'later'].map((value) => brokers.log('a', 0).holds(value))).toEqual([true, true]);
  });

  it('gets no records without a key, once it is overdue', async () => {
    await start({ a: [1, 2, 3] });
    await gateway.publisher.publish([0, 1, 2].map((partition) => aRecord('warm', partition)));
    brokers.freeze(1);
    // Records that were sent to the frozen broker are sent to another one before their deadline.
    await Promise.all(Array.from({ length: 6 }, () => gateway.publisher.publish(aRecord('x'))));
    for (let count = 0; count < 10; count += 1) expect(await msOf(gateway.publisher.publish(aRecord('y')))).toBeLessThan(1_000);
  }, 15_000);

  it('is told from a leader that waits for its followers: that one gets nothing twice', async () => {
    await start({ a: [1] });
    await gateway.publisher.publish(aRecord('warm', 0));
    let go = (): void => undefined;
    const isReplicated = new Promise<void>((resolve) => {
      go = resolve;
    });
    brokers.script('Produce', async (_received, usual) => {
      await isReplicated;
      return usual();
    });
    const asked = brokers.received('ApiVersions').length;
    const published = gateway.publisher.publish(aRecord('slow', 0));
    // The leader gives a sign of life, past the produce request that waits.
    await eventually(() => brokers.received('ApiVersions').length > asked);
    go();
    await published;
    expect(brokers.log('a', 0).end).toBe(2n);
  });

  it('does not hold up a start, whichever bootstrap server it is', async () => {
    brokers = await ScriptedBrokers.start({ brokers: 3, topics: { a: [2] } });
    brokers.freeze(1);
    expect(await msOf(connect())).toBeLessThan(3_000);
    await gateway.publisher.publish(aRecord('x', 0));
  });

  it('does not hold up admin requests that other brokers can answer', async () => {
    await start({ a: [1, 2, 3] });
    await gateway.admin.list();
    brokers.freeze(1);
    for (let count = 0; count < 8; count += 1) expect(await msOf(gateway.admin.list())).toBeLessThan(1_500);
    brokers.lead('a', 0, 2);
    expect(await gateway.admin.ends('a')).toHaveLength(3);
  }, 20_000);

  it('is no longer asked for the ends of its partitions, once another broker leads them', async () => {
    await start({ a: [1] });
    await gateway.admin.ends('a');
    await gateway.publisher.publish(aRecord('x', 0));
    brokers.lead('a', 0, 2);
    expect(await gateway.admin.ends('a')).toMatchObject([{ end: 1n }]);
    brokers.freeze(2);
    brokers.lead('a', 0, 3);
    expect(await gateway.admin.ends('a')).toMatchObject([{ end: 1n }]);
  });
});

describe('the client of kafkajs', () => {
  it('reads answers rightly after a connection that broke off within an answer', async () => {
    await start({ a: [1] });
    brokers.script('Produce', async () => 'half');
    const published = gateway.publisher.publish(aRecord('x', 0));
    await eventually(() => brokers.log('a', 0).holds('x'));
    brokers.unscript('Produce');
    await published;
  });

  it('lists topics while a partition has no leader', async () => {
    await start({ a: [1], b: [2, 3] });
    brokers.lead('b', 1, -1);
    expect(await gateway.admin.list()).toEqual(['a', 'b']);
    await gateway.publisher.publish({ ...aRecord('x', 0), topic: 'b' });
    await gateway.publisher.publish({ ...aRecord('y'), topic: 'b' });
  });
});

describe('records for a leader that hangs', () => {
  it.each<[title: string, hang: () => void]>([
    ['is frozen', () => brokers.freeze(2)],
    ['does not answer produce requests', () => silenceProduce(2)],
    ['leads no partition any more', () => brokers.lead('a', 0, -1)],
  ])('never fill the room of others if it %s', async (_title, hang) => {
    brokers = await ScriptedBrokers.start({ brokers: 3, topics: { a: [2, 3] } });
    await connect(1_500, { publishQueueRecordsMax: 24, silence: { silenceMs: 60_000, answerMs: 1_000, againMs: 1_000 } });
    await gateway.publisher.publish([aRecord('warm', 0), aRecord('warm', 1)]);
    hang();
    const hanging = Promise.allSettled(
      Array.from({ length: 200 }, (_none, index) => gateway.publisher.publish(aRecord(`${index}`, 0))),
    );
    for (let index = 0; index < 20; index += 1)
      expect(await msOf(gateway.publisher.publish(aRecord(`other ${index}`, 1)))).toBeLessThan(1_000);
    expect(new Set((await hanging).map(({ status }) => status))).toEqual(new Set(['rejected']));
  });
});

/** One broker takes produce requests and answers none of them. */
function silenceProduce(id: number): void {
  brokers.script('Produce', async ({ broker }, usual) => (broker === id ? 'silence' : usual()));
}

describe('a broker that has just started, and knows neither brokers nor topics yet', () => {
  it('is not believed: records are written, and topics and their ends are told by another one', async () => {
    await start({ a: [1, 2] });
    await gateway.publisher.publish([aRecord('warm', 0), aRecord('warm', 1)]);
    brokers.script('Metadata', async ({ broker, request }, usual) => {
      const whole = await usual();
      if (broker === 3) return whole;
      const topics = (request.topics ?? []).map((topic) => ({ errorCode: 3, topic, isInternal: false, partitions: [] }));
      return { ...whole, brokers: [], topics };
    });
    brokers.lead('a', 1, 1);
    await gateway.publisher.publish(aRecord('moved', 1));
    expect(brokers.log('a', 1).holds('moved')).toBe(true);
    expect(await gateway.admin.list()).toEqual(['a']);
    expect(await gateway.admin.ends('a')).toHaveLength(2);
  });
});
