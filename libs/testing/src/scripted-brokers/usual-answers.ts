import { type KafkaApi, type RequestOf, type ResponseOf, kafkaErrors, kafkaRequests } from './kafka-requests.ts';
import { PartitionLog } from './partition-log.ts';

/** One partition of a scripted topic. */
interface Partition {
  /** The id of the leading broker; -1 for none. */
  leader: number;
  readonly log: PartitionLog;
}

interface Group {
  generation: number;
  protocol: string;
  leaderId: string;
  readonly members: Map<string, { readonly clientId: string; readonly metadata: Buffer; assignment: Buffer }>;
  /** By `topic/partition`. */
  readonly commits: Map<string, { readonly offset: bigint; readonly metadata: string | null }>;
}

/** A request as a broker received it. */
export interface Received<Api extends KafkaApi> {
  readonly broker: number;
  readonly clientId: string;
  readonly request: RequestOf<Api>;
}

/** The answer of a well-behaved broker to each request. */
export type UsualAnswers = {
  readonly [Api in KafkaApi]: (received: Received<Api>) => ResponseOf<Api> | Promise<ResponseOf<Api>>;
};

const throttleMs = 0;
const none = new Uint8Array(0);

/**
 * The state that all brokers of a scripted cluster share, and their answers. A topic has as many
 * replicas as the cluster has brokers. The member that joined last leads its group.
 */
export class ClusterState {
  readonly topics = new Map<string, Partition[]>();
  readonly groups = new Map<string, Group>();
  /** The id of the broker that coordinates all groups. */
  coordinator = 1;
  /** Brokers that metadata shows. */
  readonly addresses = new Map<number, { readonly host: string; readonly port: number }>();
  private memberCount = 0;
  private appended: (() => void)[] = [];

  /** Answers all fetches that wait for records. */
  wake(): void {
    const waiting = this.appended;
    this.appended = [];
    for (const resolve of waiting) resolve();
  }

  group(groupId: string): Group {
    const group = this.groups.get(groupId) ?? {
      generation: 0,
      protocol: '',
      leaderId: '',
      members: new Map(),
      commits: new Map(),
    };
    this.groups.set(groupId, group);
    return group;
  }

  readonly answers: UsualAnswers = {
    ApiVersions: () => ({
      errorCode: 0,
      versions: Object.values(kafkaRequests).map(({ key, version }) => ({ key, versionMin: 0, versionMax: version })),
      throttleMs,
    }),
    Metadata: ({ request }) => ({
      throttleMs,
      brokers: [...this.addresses].map(([nodeId, address]) => ({ nodeId, ...address, rack: null })),
      clusterId: 'scripted',
      controllerId: Math.min(...this.addresses.keys()),
      topics: (request.topics ?? [...this.topics.keys()]).map((topic) => this.metadataOf(topic)),
    }),
    Produce: ({ broker, request }) => {
      const topics = request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, records }) => {
          const found = this.topics.get(topic)?.[partition];
          const errorCode = faultOf(found, broker);
          const baseOffset = found === undefined || errorCode !== 0 ? -1n : found.log.append(records);
          return { partition, errorCode, baseOffset, logAppendTime: -1n, logStartOffset: 0n };
        }),
      }));
      this.wake();
      return { topics, throttleMs };
    },
    Fetch: async ({ broker, request }) => {
      const read = () =>
        request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, offset }) => {
            const found = this.topics.get(topic)?.[partition];
            const errorCode = faultOf(found, broker);
            const end = found?.log.end ?? -1n;
            const records = errorCode === 0 ? (found?.log.from(offset) ?? null) : null;
            return { partition, errorCode, highWatermark: end, lastStableOffset: end, abortedTransactions: null, records };
          }),
        }));
      const first = read();
      const isAnswer = first.some((one) =>
        one.partitions.some(({ errorCode, records }) => errorCode !== 0 || records?.length !== 0),
      );
      if (isAnswer) return { throttleMs, topics: first };
      await new Promise<void>((resolve) => {
        this.appended.push(resolve);
        setTimeout(resolve, request.waitMs).unref();
      });
      return { throttleMs, topics: read() };
    },
    ListOffsets: ({ broker, request }) => ({
      throttleMs,
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => {
          const found = this.topics.get(topic)?.[partition];
          const errorCode = faultOf(found, broker);
          const offset = timestamp === -2n ? 0n : (found?.log.end ?? -1n);
          return { partition, errorCode, timestamp: -1n, offset: errorCode === 0 ? offset : -1n };
        }),
      })),
    }),
    FindCoordinator: () => {
      const { host, port } = this.addresses.get(this.coordinator) ?? { host: '', port: -1 };
      return { throttleMs, errorCode: 0, errorMessage: null, nodeId: this.coordinator, host, port };
    },
    JoinGroup: ({ broker, clientId, request }) => {
      const { name = '', metadata = Buffer.from(none) } = request.protocols[0] ?? {};
      const group = this.group(request.groupId);
      const isMember = group.members.has(request.memberId);
      const errorCode =
        this.coordinator !== broker
          ? kafkaErrors.notCoordinator
          : request.memberId === '' || isMember
            ? 0
            : kafkaErrors.unknownMember;
      const memberId = request.memberId === '' ? `member-${(this.memberCount += 1)}` : request.memberId;
      if (errorCode === 0) {
        group.members.set(memberId, { clientId, metadata, assignment: Buffer.from(none) });
        Object.assign(group, { generation: group.generation + 1, protocol: name, leaderId: memberId });
      }
      const members = [...group.members].map(([id, member]) => ({ memberId: id, metadata: member.metadata }));
      return { throttleMs, errorCode, generation: group.generation, protocol: name, leaderId: group.leaderId, memberId, members };
    },
    SyncGroup: ({ broker, request }) => {
      const group = this.group(request.groupId);
      for (const { memberId, assignment } of request.assignments) {
        const member = group.members.get(memberId);
        if (member !== undefined) member.assignment = assignment;
      }
      const errorCode = this.membershipFault(broker, request);
      return { throttleMs, errorCode, assignment: group.members.get(request.memberId)?.assignment ?? Buffer.from(none) };
    },
    Heartbeat: ({ broker, request }) => ({ throttleMs, errorCode: this.membershipFault(broker, request) }),
    LeaveGroup: ({ broker, request }) => {
      const isMember = this.group(request.groupId).members.delete(request.memberId);
      return {
        throttleMs,
        errorCode: this.coordinator !== broker ? kafkaErrors.notCoordinator : isMember ? 0 : kafkaErrors.unknownMember,
      };
    },
    OffsetCommit: ({ broker, request }) => {
      const errorCode = this.membershipFault(broker, request);
      const { commits } = this.group(request.groupId);
      const topics = request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, offset, metadata }) => {
          if (errorCode === 0) commits.set(`${topic}/${partition}`, { offset, metadata });
          return { partition, errorCode };
        }),
      }));
      return { throttleMs, topics };
    },
    OffsetFetch: ({ broker, request }) => {
      const { commits } = this.group(request.groupId);
      const topics = (request.topics ?? topicsWithCommits(commits)).map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((partition) => {
          const { offset, metadata } = commits.get(`${topic}/${partition}`) ?? { offset: -1n, metadata: null };
          return { partition, offset, metadata, errorCode: 0 };
        }),
      }));
      return { throttleMs, topics, errorCode: this.coordinator === broker ? 0 : kafkaErrors.notCoordinator };
    },
    DescribeGroups: ({ request }) => ({
      throttleMs,
      groups: request.groupIds.map((groupId) => {
        const { members, protocol } = this.group(groupId);
        return {
          errorCode: 0,
          groupId,
          state: members.size === 0 ? 'Empty' : 'Stable',
          protocolType: 'consumer',
          protocol,
          members: [...members].map(([memberId, member]) => ({ memberId, clientHost: '/127.0.0.1', ...member })),
        };
      }),
    }),
    CreateTopics: ({ request }) => ({
      throttleMs,
      topics: request.topics.map(({ topic, partitions }) => {
        if (this.topics.has(topic)) return { topic, errorCode: kafkaErrors.topicAlreadyExists, errorMessage: null };
        const ids = [...this.addresses.keys()];
        this.addTopic(
          topic,
          Array.from({ length: partitions }, (_none, index) => ids[index % ids.length] ?? -1),
        );
        return { topic, errorCode: 0, errorMessage: null };
      }),
    }),
  };

  /** @param leaders the id of the broker that leads each partition. */
  addTopic(topic: string, leaders: readonly number[]): void {
    this.topics.set(
      topic,
      leaders.map((leader) => ({ leader, log: new PartitionLog() })),
    );
  }

  addPartition(topic: string, leader: number): void {
    this.topics.get(topic)?.push({ leader, log: new PartitionLog() });
  }

  private metadataOf(topic: string): ResponseOf<'Metadata'>['topics'][number] {
    const replicas = [...this.addresses.keys()];
    const partitions = this.topics.get(topic);
    return {
      errorCode: partitions === undefined ? kafkaErrors.unknownTopicOrPartition : 0,
      topic,
      isInternal: false,
      partitions: (partitions ?? []).map(({ leader }, partition) => {
        return {
          errorCode: leader < 0 ? kafkaErrors.leaderNotAvailable : 0,
          partition,
          leader,
          replicas,
          inSyncReplicas: replicas,
          offlineReplicas: [],
        };
      }),
    };
  }

  private membershipFault(
    broker: number,
    member: { readonly groupId: string; readonly memberId: string; readonly generation: number },
  ): number {
    if (this.coordinator !== broker) return kafkaErrors.notCoordinator;
    const group = this.group(member.groupId);
    if (!group.members.has(member.memberId)) return kafkaErrors.unknownMember;
    return group.generation === member.generation ? 0 : kafkaErrors.illegalGeneration;
  }
}

function topicsWithCommits(commits: Group['commits']): readonly { readonly topic: string; readonly partitions: number[] }[] {
  const pairs = [...commits.keys()].map((name) => {
    const [topic = '', partition] = name.split('/');
    return { topic, partition: Number(partition) };
  });
  const byTopic = Map.groupBy(pairs, ({ topic }) => topic);
  return [...byTopic].map(([topic, own]) => ({ topic, partitions: own.map(({ partition }) => partition) }));
}

function faultOf(partition: Partition | undefined, broker: number): number {
  if (partition === undefined) return kafkaErrors.unknownTopicOrPartition;
  return partition.leader === broker ? 0 : kafkaErrors.notLeader;
}
