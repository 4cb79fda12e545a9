/**
 * Goal: readers believe no more of a broker than it said, and a broker at fault stops nothing that
 * others could answer. Method: scripted brokers under a real gateway, a consumer and a follower.
 * @see docs/adr/0026-what-we-believe-of-the-kafka-client.md
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PlatformError, Topics } from '#contracts';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import type { KafkaGateway } from '../ports.ts';
import { connectKafka } from './connect-kafka.ts';
import { MemberAssignment } from './kafkajs-internals.ts';

const topic = 'a';
const groupId = 'g';
const metadataAgeMaxMs = 300;
const silence = { silenceMs: 200, answerMs: 300, againMs: 100 };
const codes = { leaderNotAvailable: 5, notLeader: 6, unknownMember: 25, notAllowed: 29, groupNotAllowed: 30 };

let brokers: ScriptedBrokers;
let gateway: KafkaGateway;
let seen: Arrivals<string>;
let fatal: PlatformError[];

beforeEach(async () => {
  // Broker 1 answers the publisher and the admin, and coordinates the group.
  brokers = await ScriptedBrokers.start({ brokers: 3, topics: { [topic]: [2, 3] } });
  fatal = [];
  gateway = await connectKafka({
    brokers: brokers.addresses,
    clientId: 'test',
    topics: new Topics('t.'),
    replication: 1,
    metadataAgeMaxMs,
    silence,
    onFatal: (error) => void fatal.push(error),
  });
  seen = new Arrivals<string>();
});
afterEach(async () => {
  await gateway.close();
  await brokers.stop();
  expect(fatal).toEqual([]);
});

/** Writes to the leader that the brokers name now. */
async function publish(value: string, partition: number): Promise<void> {
  await eventually(async () => {
    await gateway.publisher.publish({ topic, partition, value: Buffer.from(value), headers: {} });
    return true;
  });
}

async function consume(): Promise<{ close(): Promise<void> }> {
  const consumer = gateway.consumer({ groupId, topics: [topic] });
  await consumer.start(async ({ value }) => seen.add(String(value)));
  return { close: async () => consumer.close(1_000) };
}

async function follow(): Promise<{ close(): Promise<void> }> {
  const follower = gateway.follower({ topic, from: 'earliest' });
  await follower.start(({ value }) => seen.add(String(value)));
  return follower;
}

const readers = [
  ['a consumer', consume],
  ['a follower', follow],
] as const;
/** Requests of readers: those of the publisher do not count. */
const joins = () => brokers.received('JoinGroup').length;
const arrived = async (value: string) => seen.until((items) => items.includes(value));

/** Answers fetches with an error for partition 0, and as usual for the other one. */
function refuseFetchesOfPartition0(errorCode: number): void {
  brokers.script('Fetch', async (_received, usual) => {
    const answer = await usual();
    return {
      ...answer,
      topics: answer.topics.map((one) => ({
        ...one,
        partitions: one.partitions.map((data) => (data.partition === 0 ? { ...data, errorCode } : data)),
      })),
    };
  });
}

describe.each(readers)('%s', (_name, read) => {
  it('reads on from other brokers while one is frozen, and its partitions once they have moved', async () => {
    const reader = await read();
    await publish('before', 1);
    await arrived('before');
    brokers.freeze(2);
    for (const value of ['one', 'two', 'three']) {
      await publish(value, 1);
      await arrived(value);
    }
    brokers.lead(topic, 0, 3);
    await publish('moved', 0);
    await arrived('moved');
    await reader.close();
  });

  it('hands nothing out twice when a frozen broker answers late', async () => {
    await publish('first', 0);
    const reader = await read();
    await arrived('first');
    brokers.freeze(2);
    brokers.lead(topic, 0, 3);
    await publish('moved', 0);
    await arrived('moved');
    brokers.thaw(2);
    await publish('last', 0);
    await arrived('last');
    expect(seen.items).toEqual(['first', 'moved', 'last']);
    await reader.close();
  });

  it('reads the other partitions of an answer when one of them has an error', async () => {
    brokers.lead(topic, 0, 3);
    refuseFetchesOfPartition0(codes.notLeader);
    const reader = await read();
    await publish('bad', 0);
    await publish('good', 1);
    await arrived('good');
    expect(seen.items).toEqual(['good']);
    brokers.unscript('Fetch');
    await arrived('bad');
    await reader.close();
  });

  it('makes its process unready while it may not read its topic, and ready when it may', async () => {
    const reader = await read();
    refuseFetchesOfPartition0(codes.notAllowed);
    await eventually(() => !gateway.isConnected());
    // The other partition is answered meanwhile: that is no permission.
    await publish('x', 1);
    await arrived('x');
    expect(gateway.isConnected()).toBe(false);
    brokers.unscript('Fetch');
    await eventually(() => gateway.isConnected());
    await reader.close();
  });

  it('reads on while a partition has no leader', async () => {
    await publish('x', 1);
    const reader = await read();
    await arrived('x');
    brokers.script('Metadata', async (_received, usual) => {
      const answer = await usual();
      return {
        ...answer,
        topics: answer.topics.map((one) => ({
          ...one,
          partitions: one.partitions.map((data) =>
            data.partition === 0 ? { ...data, errorCode: codes.leaderNotAvailable, leader: -1 } : data,
          ),
        })),
      };
    });
    brokers.lead(topic, 1, 1);
    // The publisher of kafkajs stops without a leader: the record is written past it, once more.
    brokers.log(topic, 1).append(brokers.log(topic, 1).from(0n));
    await seen.until(2);
    brokers.unscript('Metadata');
    await publish('back', 0);
    await arrived('back');
    await reader.close();
  });

  it('sees a partition that is added later, from its first record on', async () => {
    const reader = await read();
    brokers.addPartition(topic, 1);
    await publish('new', 2);
    await arrived('new');
    await reader.close();
  });
});

it('a follower starts although a broker does not tell the ends of a new topic yet', async () => {
  brokers.script('ListOffsets', async ({ request }, usual) => {
    const answer = await usual();
    const isEnd = request.topics.some(({ partitions }) => partitions.some(({ timestamp }) => timestamp === -1n));
    return isEnd && brokers.received('ListOffsets').length < 40 ? { ...answer, topics: [] } : answer;
  });
  await publish('x', 0);
  const follower = await follow();
  await arrived('x');
  await follower.close();
});

describe('a member', () => {
  it('stays in its group when the coordinator freezes, and commits at the next one', async () => {
    const consumer = await consume();
    brokers.freeze(1);
    brokers.coordinate(2);
    await publish('x', 0);
    await eventually(() => brokers.committed(groupId, topic, 0) === 1n);
    expect(joins()).toBe(1);
    brokers.thaw(1);
    await consumer.close();
  });

  it('leaves a coordinator that freezes while it joins', async () => {
    brokers.freeze(1);
    const starting = consume();
    brokers.coordinate(2);
    const consumer = await starting;
    await publish('x', 0);
    await arrived('x');
    brokers.thaw(1);
    await consumer.close();
  });

  it('commits again what the answer of the coordinator left out', async () => {
    const consumer = await consume();
    brokers.script('OffsetCommit', async ({ request }, usual) => {
      // Nothing is committed, and no partition is named.
      if (brokers.received('OffsetCommit').length === 1) return { throttleMs: 0, topics: [] };
      expect(request.topics).toHaveLength(1);
      return usual();
    });
    await publish('x', 0);
    await eventually(() => brokers.committed(groupId, topic, 0) === 1n);
    await consumer.close();
  });

  it('joins anew when a commit shows that the group has forgotten it, and then commits', async () => {
    const consumer = await consume();
    brokers.script('OffsetCommit', async ({ request }, usual) => {
      if (brokers.received('OffsetCommit').length > 1) return usual();
      const topics = request.topics.map(({ topic: name, partitions }) => ({
        topic: name,
        partitions: partitions.map(({ partition }) => ({ partition, errorCode: codes.unknownMember })),
      }));
      return { throttleMs: 0, topics };
    });
    await publish('x', 0);
    await eventually(() => brokers.committed(groupId, topic, 0) === 1n);
    expect(brokers.received('JoinGroup').map(({ request }) => request.memberId)).toEqual(['', '']);
    await consumer.close();
  });

  it('begins nothing after it left its group, until it has joined again', async () => {
    const consumer = gateway.consumer({ groupId, topics: [topic] });
    let begin = (): void => undefined;
    const mayGoOn = new Promise<void>((resolve) => {
      begin = resolve;
    });
    await consumer.start(async (_record, _lost, delivery) => {
      seen.add('in hand');
      await mayGoOn;
      await delivery.readyToAct();
      seen.add(`began after ${joins()} joins`);
    });
    await publish('x', 0);
    await seen.until(1);
    // An error that no later heartbeat cures: the member leaves and takes a new seat.
    brokers.script('Heartbeat', async (_received, usual) => ({ ...(await usual()), errorCode: codes.groupNotAllowed }));
    await eventually(() => brokers.received('LeaveGroup').length > 0);
    const joinsBefore = joins();
    brokers.unscript('Heartbeat');
    begin();
    await seen.until(2);
    expect(seen.items).toEqual(['in hand', `began after ${joinsBefore + 1} joins`]);
    await consumer.close(1_000);
  });

  it('waits for a commit that the coordinator does not tell, and skips no record', async () => {
    await publish('x', 0);
    brokers.script('OffsetFetch', async (_received, usual) => {
      const answer = await usual();
      return brokers.received('OffsetFetch').length > 2 ? answer : { ...answer, topics: [] };
    });
    const consumer = await consume();
    await arrived('x');
    expect(brokers.received('OffsetFetch').length).toBeGreaterThan(2);
    await consumer.close();
  });

  it('reads its own topics of an assignment, and no other', async () => {
    brokers.script('SyncGroup', async (_received, usual) => {
      const assignment = { a: [0, 1], foreign: [0] };
      const bytes = MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) });
      return { ...(await usual()), assignment: bytes };
    });
    const consumer = await consume();
    await publish('x', 0);
    await arrived('x');
    const asked = brokers.received('Fetch').flatMap(({ request }) => request.topics.map(({ topic: name }) => name));
    expect(new Set(asked)).toEqual(new Set([topic]));
    await consumer.close();
  });
});

describe('the ends of a topic', () => {
  it('are told by a new leader, and of partitions that were added', async () => {
    await publish('x', 0);
    expect(await gateway.admin.ends(topic)).toMatchObject([{ end: 1n }, { end: 0n }]);
    brokers.lead(topic, 0, 1);
    brokers.addPartition(topic, 1);
    await eventually(async () => (await gateway.admin.ends(topic)).length === 3);
  });

  it('hold each partition that was added before the question', async () => {
    for (const count of [2, 3, 4]) {
      expect(await gateway.admin.ends(topic)).toHaveLength(count);
      brokers.addPartition(topic, 1);
    }
  });

  it('are asked for in one look at the partitions by callers that ask together', async () => {
    await gateway.admin.ends(topic);
    const looksBefore = brokers.received('Metadata').length;
    await Promise.all(Array.from({ length: 10 }, async () => gateway.admin.ends(topic)));
    expect(brokers.received('Metadata').length - looksBefore).toBeLessThanOrEqual(2);
  });

  it('are an error if the leader does not answer about a partition', async () => {
    brokers.script('ListOffsets', async (_received, usual) => ({ ...(await usual()), topics: [] }));
    await expect(gateway.admin.ends(topic)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });
});
