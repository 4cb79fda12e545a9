/**
 * Goal: a member loses no wish to join, nor to leave. Method: a member in a group of scripted
 * brokers.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import { GroupMember, type MemberPorts } from './group-member.ts';
import { type ClusterConnection, MemberMetadata } from './kafkajs-internals.ts';
import { decodeMemberData } from './member-data.ts';
import { clusterOf } from './scripted-cluster.ts';

const topic = 'a';

let brokers: ScriptedBrokers;
let cluster: ClusterConnection;

beforeEach(async () => {
  brokers = await ScriptedBrokers.start({ brokers: 1, topics: { [topic]: [1, 1] } });
  cluster = await clusterOf(brokers.addresses, [topic]);
});
afterEach(async () => {
  await cluster.disconnect();
  await brokers.stop();
});

/** The partitions that the member told the group at each of its joins. */
function toldAtJoins(): readonly (readonly number[])[] {
  return brokers.received('JoinGroup').map(({ request }) => {
    const { userData } = MemberMetadata.decode(Buffer.from(request.protocols[0]?.metadata ?? [])) ?? {};
    return decodeMemberData(userData).held.map(({ partition }) => partition);
  });
}

function newMember(heartbeatMs: number, ports: Partial<MemberPorts> = {}): GroupMember {
  return new GroupMember(
    { groupId: 'g', topics: [topic], sessionTimeoutMs: 10_000, heartbeatMs, rebalanceTimeoutMs: 10_000 },
    {
      cluster,
      log: () => undefined,
      held: () => [],
      joined: () => undefined,
      confirmed: () => undefined,
      rebalancing: async () => undefined,
      failed: () => undefined,
      topicUnknown: () => undefined,
      ...ports,
    },
  );
}

it('joins once more if it lets a partition go while it joins', async () => {
  let held: TopicPartition[] = [0, 1].map((partition) => ({ topic, partition }));
  const joins = new Arrivals<number>();
  const member = newMember(10_000, { held: () => held, joined: () => joins.add(joins.items.length) });
  const running = member.run();
  await joins.until(1);
  brokers.script('JoinGroup', async (_received, usual) => {
    brokers.unscript('JoinGroup');
    const answer = await usual();
    held = held.slice(0, 1);
    member.joinAgain();
    return answer;
  });
  member.joinAgain();
  await eventually(() => toldAtJoins().length === 3, { deadlineMs: 4_000 });
  expect(toldAtJoins()).toEqual([[0, 1], [0, 1], [0]]);
  await joins.until(3);
  await member.leave();
  await running;
});

it('sends no heartbeats after it left while it joined, also if the coordinator did not take its leave', async () => {
  const mayAnswer = Promise.withResolvers<void>();
  brokers.script('SyncGroup', async (_received, usual) => {
    await mayAnswer.promise;
    return usual();
  });
  brokers.script('LeaveGroup', async (_received, usual) => ({ ...(await usual()), errorCode: 16 }));
  const member = newMember(10);
  const running = member.run();
  await eventually(() => brokers.received('SyncGroup').length === 1);
  const left = member.leave();
  mayAnswer.resolve();
  await expect(left).rejects.toThrow();
  await running;
  expect(brokers.received('Heartbeat')).toEqual([]);
});
