/**
 * Goal: no order of events leaves a partition assigned and unread. Method: scripted brokers under a
 * real gateway bring about one order of events each. The metadata is never too old here, so a
 * reader must ask for it by itself.
 */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PlatformError, Topics } from '#contracts';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import type { KafkaGateway } from '../ports.ts';
import { connectKafka, type KafkaOptions } from './connect-kafka.ts';
import { MemberAssignment } from './kafkajs-internals.ts';

const topic = 'a';
const groupId = 'g';
const codes = { leaderNotAvailable: 5, unknownMember: 25, rebalance: 27 };

let brokers: ScriptedBrokers;
let gateway: KafkaGateway;
let seen: Arrivals<string>;
let fatal: PlatformError[];

beforeEach(async () => {
  // Broker 1 answers the publisher and the admin, and coordinates the group.
  brokers = await ScriptedBrokers.start({ brokers: 3, topics: { [topic]: [2, 2] } });
  fatal = [];
  gateway = await connect();
  seen = new Arrivals<string>();
});
afterEach(async () => {
  await gateway.close();
  await brokers.stop();
  expect(fatal).toEqual([]);
});

async function connect(options: Partial<KafkaOptions> = {}): Promise<KafkaGateway> {
  return connectKafka({
    ...options,
    brokers: brokers.addresses,
    clientId: 'test',
    topics: new Topics('t.'),
    replication: 1,
    metadataAgeMaxMs: 600_000,
    onFatal: (error) => void fatal.push(error),
  });
}

/** Writes to the leader that the brokers name now. */
async function publish(value: string, partition: number): Promise<void> {
  await eventually(async () => {
    await gateway.publisher.publish({ topic, partition, value: Buffer.from(value), headers: {} });
    return true;
  });
}

const arrived = async (value: string) => seen.until((items) => items.includes(value));

/** Answers the next heartbeat with an error. */
function refuseNextHeartbeat(errorCode: number): void {
  brokers.script('Heartbeat', async (_received, usual) => {
    brokers.unscript('Heartbeat');
    return { ...(await usual()), errorCode };
  });
}

describe.each([
  ['a consumer', async () => started(gateway.consumer({ groupId, topics: [topic] }))],
  ['a follower', async () => started(gateway.follower({ topic, from: 'earliest' }))],
] as const)('%s', (_name, read) => {
  it('finds the new leader of one partition at once, while it reads another one of the old leader', async () => {
    const reader = await read();
    await publish('before', 0);
    await arrived('before');
    brokers.lead(topic, 0, 3);
    await publish('moved', 0);
    await arrived('moved');
    await reader.close(0);
  });
});

async function started<Reader extends { start(handler: (record: { readonly value: Buffer | null }) => unknown): Promise<void> }>(
  reader: Reader,
): Promise<Reader> {
  await reader.start(async ({ value }) => seen.add(String(value)));
  return reader;
}

describe('a member', () => {
  it('reads a partition anew while its handler still holds a record that another member has finished', async () => {
    const consumer = gateway.consumer({ groupId, topics: [topic] });
    let end = (): void => undefined;
    const mayEnd = new Promise<void>((resolve) => {
      end = resolve;
    });
    await consumer.start(async ({ value }, lost) => {
      seen.add(String(value));
      if (String(value) !== 'held') return;
      lost.addEventListener('abort', () => seen.add('lost'));
      await mayEnd;
      seen.add('ended');
    });
    await publish('held', 0);
    await arrived('held');
    brokers.script('OffsetFetch', async (_received, usual) => {
      const answer = await usual();
      return {
        ...answer,
        topics: answer.topics.map((one) => ({
          ...one,
          partitions: one.partitions.map((data) => (data.partition === 0 ? { ...data, offset: 1n } : data)),
        })),
      };
    });
    refuseNextHeartbeat(codes.rebalance);
    await arrived('lost');
    await eventually(() =>
      brokers
        .received('Fetch')
        .some(({ request }) =>
          request.topics.some(({ partitions }) => partitions.some(({ partition, offset }) => partition === 0 && offset === 1n)),
        ),
    );
    end();
    await arrived('ended');
    await publish('next', 0);
    await arrived('next');
    await consumer.close(0);
  });

  it('reads its topic at once although its broker did not know the topic at the join', async () => {
    brokers.script('JoinGroup', async (_received, usual) => {
      brokers.script('Metadata', async (_asked, answer) => {
        brokers.unscript('Metadata');
        const usualAnswer = await answer();
        return {
          ...usualAnswer,
          topics: usualAnswer.topics.map((one) => ({ ...one, errorCode: codes.leaderNotAvailable, partitions: [] })),
        };
      });
      brokers.unscript('JoinGroup');
      return usual();
    });
    await publish('x', 0);
    const consumer = await started(gateway.consumer({ groupId, topics: [topic] }));
    await arrived('x');
    await consumer.close(0);
  });

  it.each(['DescribeGroups', 'JoinGroup'] as const)('that is closed while it waits for %s joins no group', async (api) => {
    const consumer = gateway.consumer({ groupId, topics: [topic] });
    let answer = (): void => undefined;
    const mayAnswer = new Promise<void>((resolve) => {
      answer = resolve;
    });
    brokers.script(api, async (_received, usual) => {
      await mayAnswer;
      return usual() as never;
    });
    const starting = started(consumer).catch((error: PlatformError) => error.code);
    await eventually(() => brokers.received(api).length > 0);
    await consumer.close(0);
    answer();
    expect(await starting).toBe('BROKER_UNAVAILABLE');
    expect(brokers.received('SyncGroup')).toEqual([]);
  });

  it('has one seat in its group, however often it begins anew', { timeout: 20_000 }, async () => {
    const impatient = await connect({ standstill: { unreadyAfterMs: 200, rejoinAfterMs: 300, endAfterMs: 60_000 } });
    const consumer = await started(impatient.consumer({ groupId, topics: [topic] }));
    await publish('x', 0);
    await arrived('x');
    brokers.script('Fetch', async () => 'silence');
    await publish('y', 0);
    await eventually(() => brokers.received('JoinGroup').length >= 3);
    brokers.unscript('Fetch');
    await arrived('y');
    const before = brokers.received('Heartbeat').length;
    // The heartbeats of two seats would alternate.
    await eventually(() => {
      const latest = brokers.received('Heartbeat').slice(before).slice(-8);
      return latest.length === 8 && new Set(latest.map(({ request }) => request.memberId)).size === 1;
    });
    await consumer.close(0);
    await impatient.close();
  });

  it('begins nothing of a partition that is not compared yet when it has let another one go', { timeout: 20_000 }, async () => {
    const consumer = gateway.consumer({ groupId, topics: [topic] });
    let begin = (): void => undefined;
    const mayBegin = new Promise<void>((resolve) => {
      begin = resolve;
    });
    await consumer.start(async ({ partition }, lost, delivery) => {
      if (partition === 1) await mayBegin;
      await delivery.readyToAct();
      seen.add(`${partition} began`);
      if (partition === 0) await once(lost, 'abort');
    });
    await publish('acts', 0);
    await publish('waits', 1);
    await arrived('0 began');
    assign([1]);
    refuseNextHeartbeat(codes.rebalance);
    const asked = (count: number) =>
      brokers.received('OffsetFetch').filter(({ request }) => request.topics?.[0]?.partitions.length === count).length;
    await eventually(() => brokers.received('SyncGroup').length === 2 && asked(1) > 0);
    // The group forgets the member while it lets partition 0 go, and gives it both again.
    brokers.script('OffsetFetch', async ({ request }, usual) => {
      const answer = await usual();
      return request.topics?.[0]?.partitions.length === 2 ? { ...answer, topics: [] } : answer;
    });
    assign([0, 1]);
    const askedBefore = asked(1);
    refuseNextHeartbeat(codes.unknownMember);
    await eventually(() => asked(1) > askedBefore);
    begin();
    const askedForBoth = asked(2);
    await eventually(() => asked(2) >= askedForBoth + 2);
    expect(seen.items).toEqual(['0 began']);
    brokers.unscript('OffsetFetch');
    await arrived('1 began');
    await consumer.close(0);
  });

  it('goes on with what it has fetched if a join confirms its membership, though a partition has no leader', async () => {
    const consumer = await started(gateway.consumer({ groupId, topics: [topic], sessionTimeoutMs: 600 }));
    await publish('first', 0);
    await arrived('first');
    const mayAnswer = Promise.withResolvers<void>();
    brokers.script('Heartbeat', async (_received, usual) => {
      await mayAnswer.promise;
      brokers.unscript('Heartbeat');
      return { ...(await usual()), errorCode: codes.rebalance };
    });
    // Without an answer for a session timeout the records that are fetched stay where they are.
    let count = 0;
    await eventually(async () => {
      count += 1;
      await publish(`later ${count}`, 0);
      return consumer.progress().some(({ partition, isPaused }) => partition === 0 && isPaused);
    });
    brokers.lead(topic, 1, -1);
    mayAnswer.resolve();
    await arrived(`later ${count}`);
    brokers.lead(topic, 1, 2);
    await consumer.close(0);
  });
});

/** Assigns these partitions to every member from its next join on. */
function assign(partitions: readonly number[]): void {
  brokers.script('SyncGroup', async (_received, usual) => {
    const assignment = { [topic]: [...partitions] };
    const bytes = MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) });
    return { ...(await usual()), assignment: bytes };
  });
}
