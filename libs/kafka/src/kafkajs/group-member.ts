/**
 * A member of a consumer group: joins, sends heartbeats, commits, leaves.
 *
 * ```text
 *        +------------- the group rebalances, or forgot the member --------------+
 *        v                                                                       |
 * joining --the coordinator names the partitions--> in the group, heartbeats every `heartbeatMs`
 *        ^                                                |
 *        +-- after a wait: no coordinator --+             +--> left
 * ```
 *
 * The member that the coordinator calls the leader deals out the partitions of all topics. The
 * leader joins again when a topic has got more partitions: that makes the group rebalance.
 *
 * G1. Heartbeats have their own timer. Neither a slow fetch nor a handler holds them up.
 * G2. A coordinator that does not answer is looked for again, and the membership goes on with the
 *     next one. Nothing is dealt out anew for that.
 * G3. A commit counts only if the answer names each of its partitions, without an error. It is sent
 *     with the generation in which its partitions were assigned, and with no later one.
 * G4. Only topics of this member are taken from an assignment; the rest is logged.
 * G5. An answer about a former membership changes nothing of the present one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '#contracts';
import type { CommitWriter, TopicPartition } from '../bookkeeping/feed-set.ts';
import type { TransportLog } from '../log.ts';
import { rootCause } from './broker-errors.ts';
import { type ClusterConnection, type GroupCoordinator, MemberAssignment, MemberMetadata } from './kafkajs-internals.ts';
import { byTopic, partitionName } from './partition-offsets.ts';

/** Settings of a member. Times are in milliseconds. */
export interface MemberOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Longest wait of the coordinator for members to join a rebalance. */
  readonly rebalanceTimeoutMs: number;
}

/** The owner of a member. */
export interface MemberPorts {
  readonly cluster: ClusterConnection;
  readonly log: TransportLog;
  /** The group assigned partitions. @param tookMs from the request to its answer. */
  joined(assigned: readonly TopicPartition[], tookMs: number): void;
  /** The group confirmed a heartbeat. @param tookMs from the request to its answer. */
  confirmed(tookMs: number): void;
  /**
   * The group deals its partitions anew. Resolves when the member may join again. Never rejects.
   */
  rebalancing(): Promise<void>;
  /** A request failed and is made again. */
  failed(error: unknown): void;
  /**
   * The leader knows no partition of a topic, so it dealt out none. The metadata of the topics
   * should be read again soon.
   */
  topicUnknown(): void;
}

/** The commit of a group for one partition. */
export interface CommittedPosition {
  readonly offset: bigint;
  readonly metadata: string | null;
}

/** A membership between two rebalances. */
interface Round {
  readonly memberId: string;
  readonly generationId: number;
  readonly isLeader: boolean;
  /** Partitions of each topic when they were dealt out. */
  readonly known: ReadonlyMap<string, number>;
  /** Aborts when the member has to join again. */
  readonly over: AbortController;
}

const againMinMs = 100;
const againMaxMs = 1_000;
/** Time in which a commit is made again if the coordinator is elsewhere. */
const commitTimeoutMs = 5_000;
const assignerName = 'RoundRobinAssigner';

/** The reaction to an error of the coordinator. */
type Reaction = 'find-coordinator' | 'join-again' | 'join-anew' | 'fail';

/** Chooses the reaction to an error. `join-anew`: the group has forgotten the member. */
export function reactionTo(error: unknown): Reaction {
  const { type, retriable } = rootCause(error);
  switch (type) {
    case 'REBALANCE_IN_PROGRESS':
    case 'ILLEGAL_GENERATION':
      return 'join-again';
    case 'UNKNOWN_MEMBER_ID':
    case 'FENCED_INSTANCE_ID':
      return 'join-anew';
    case 'NOT_COORDINATOR_FOR_GROUP':
    case 'GROUP_COORDINATOR_NOT_AVAILABLE':
    case 'GROUP_LOAD_IN_PROGRESS':
      return 'find-coordinator';
    default:
      return retriable === true ? 'find-coordinator' : 'fail';
  }
}

/**
 * Asks the brokers, one after the other, which of them coordinates a group.
 * @throws the error of the last broker.
 */
async function coordinatorOf(groupId: string, cluster: ClusterConnection): Promise<GroupCoordinator> {
  let lastError: unknown = new Error('no broker is known');
  for (const nodeId of cluster.getNodeIds()) {
    let coordinatorId: string;
    try {
      const broker = await cluster.findBroker({ nodeId });
      const { coordinator } = await broker.findGroupCoordinator({ groupId, coordinatorType: 0 });
      coordinatorId = String(coordinator.nodeId);
    } catch (error) {
      lastError = error;
      continue;
    }
    return cluster.findBroker({ nodeId: coordinatorId });
  }
  throw lastError;
}

/** A member of a consumer group. */
export class GroupMember {
  private readonly stopped = new AbortController();
  private memberId = '';
  private coordinator: GroupCoordinator | undefined;
  private finding: Promise<GroupCoordinator> | undefined;
  private round: Round | undefined;

  constructor(
    private readonly options: MemberOptions,
    private readonly ports: MemberPorts,
  ) {}

  /**
   * Joins, and stays in the group until {@link leave}.
   * @throws the error that no later try will cure.
   */
  async run(): Promise<void> {
    for (let failures = 0; !this.stopped.signal.aborted; ) {
      try {
        const round = await this.join();
        failures = 0;
        await this.stay(round);
        await this.ports.rebalancing();
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        const reaction = reactionTo(error);
        if (reaction === 'fail') throw error;
        if (reaction === 'join-anew') this.memberId = '';
        if (reaction === 'find-coordinator') {
          this.coordinator = undefined;
          this.ports.failed(error);
        }
        failures += 1;
        await this.wait(Math.min(againMaxMs, againMinMs * 2 ** failures));
      }
    }
  }

  /** G3. @throws PlatformError `BROKER_UNAVAILABLE` if the group did not take all of them. */
  readonly commit: CommitWriter = async (commits) => {
    const { round } = this;
    if (round === undefined) throw this.notCommitted('the consumer is not in its group');
    const topics = byTopic(
      commits.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset: String(offset), metadata })),
    );
    const deadlineAt = performance.now() + commitTimeoutMs;
    for (;;) {
      try {
        const { groupId } = this.options;
        const { memberId, generationId: groupGenerationId } = round;
        const coordinator = await this.findCoordinator();
        const answer = await coordinator.offsetCommit({ groupId, memberId, groupGenerationId, topics });
        const named = new Set(
          answer.responses.flatMap(({ topic, partitions }) =>
            partitions.map(({ partition }) => partitionName({ topic, partition })),
          ),
        );
        const missing = commits.find((one) => !named.has(partitionName(one)));
        if (missing === undefined) return;
        throw this.notCommitted(`the answer says nothing of ${missing.topic}, partition ${missing.partition}`);
      } catch (error) {
        if (error instanceof PlatformError) throw error;
        const reaction = reactionTo(error);
        if (reaction === 'join-anew') this.forgotten(round.memberId);
        if (reaction === 'join-again' || reaction === 'join-anew') round.over.abort();
        if (reaction !== 'find-coordinator' || performance.now() >= deadlineAt) throw error;
        this.coordinator = undefined;
        await this.wait(againMinMs);
      }
    }
  };

  /**
   * The commits of the group. A partition without a commit has offset -1.
   * @throws if the answer leaves a partition out.
   */
  async commits(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedPosition>> {
    try {
      const coordinator = await this.findCoordinator();
      const { responses } = await coordinator.offsetFetch({ groupId: this.options.groupId, topics: byTopic(partitions) });
      const commits = new Map<string, CommittedPosition>();
      for (const { topic, partitions: answers } of responses)
        for (const { partition, offset, metadata } of answers)
          commits.set(partitionName({ topic, partition }), { offset: BigInt(offset), metadata });
      const missing = partitions.find((one) => !commits.has(partitionName(one)));
      if (missing !== undefined) throw new Error(`no commit is told for ${missing.topic}, partition ${missing.partition}`);
      return commits;
    } catch (error) {
      if (reactionTo(error) === 'find-coordinator') this.coordinator = undefined;
      throw error;
    }
  }

  /** Compares the partitions of the topics with those that were dealt out. */
  checkGrowth(): void {
    const { round } = this;
    if (round === undefined || !round.isLeader) return;
    const known = this.partitionCounts();
    if ([...known].some(([topic, count]) => count > (round.known.get(topic) ?? 0))) round.over.abort();
    else if ([...known.values()].includes(0)) this.ports.topicUnknown();
  }

  /** Leaves the group. Partitions move to other members at once. */
  async leave(): Promise<void> {
    this.stopped.abort();
    this.round?.over.abort();
    const { coordinator, memberId } = this;
    if (coordinator !== undefined && memberId !== '') await coordinator.leaveGroup({ groupId: this.options.groupId, memberId });
  }

  private async join(): Promise<Round> {
    const { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.options;
    const coordinator = await this.findCoordinator();
    const sentAt = performance.now();
    const joined = await coordinator.joinGroup({
      groupId,
      memberId: this.memberId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      groupProtocols: [
        { name: assignerName, metadata: MemberMetadata.encode({ version: 0, topics: [...topics], userData: Buffer.alloc(0) }) },
      ],
    });
    const { memberId, generationId } = joined;
    this.memberId = memberId;
    const isLeader = joined.leaderId === memberId;
    if (isLeader) await this.ports.cluster.refreshMetadata();
    const known = this.partitionCounts();
    const groupAssignment = isLeader ? dealt(joined.members, known) : [];
    const syncedAt = performance.now();
    const { memberAssignment } = await coordinator.syncGroup({ groupId, memberId, generationId, groupAssignment });
    const round = { memberId, generationId, isLeader, known, over: new AbortController() };
    this.round = round;
    this.ports.log('debug', 'A consumer has joined its group', {
      groupId,
      generationId,
      tookMs: Math.round(performance.now() - sentAt),
    });
    if (this.stopped.signal.aborted) return round;
    this.ports.joined(this.assignedTo(memberAssignment), performance.now() - syncedAt);
    this.checkGrowth();
    return round;
  }

  /** G5. */
  private forgotten(memberId: string): void {
    if (this.memberId === memberId) this.memberId = '';
  }

  /** G4. */
  private assignedTo(memberAssignment: Buffer): readonly TopicPartition[] {
    const assignment = MemberAssignment.decode(memberAssignment)?.assignment ?? {};
    const { groupId, topics } = this.options;
    const foreign = Object.keys(assignment).filter((topic) => !topics.includes(topic));
    if (foreign.length > 0)
      this.ports.log('warn', 'A group assigned topics that this process does not read', { groupId, topics: foreign });
    return topics.flatMap((topic) => (assignment[topic] ?? []).map((partition) => ({ topic, partition })));
  }

  /** Sends heartbeats until the member has to join again. @throws what no later one will cure. */
  private async stay({ memberId, generationId: groupGenerationId, over }: Round): Promise<void> {
    const { groupId, heartbeatMs } = this.options;
    for (;;) {
      await this.wait(heartbeatMs, over.signal);
      if (over.signal.aborted) return;
      const sentAt = performance.now();
      try {
        const coordinator = await this.findCoordinator();
        await coordinator.heartbeat({ groupId, memberId, groupGenerationId });
        this.ports.confirmed(performance.now() - sentAt);
      } catch (error) {
        if (over.signal.aborted) return;
        const reaction = reactionTo(error);
        if (reaction === 'fail') throw error;
        if (reaction === 'join-anew') this.forgotten(memberId);
        if (reaction !== 'find-coordinator') return;
        // G2.
        this.coordinator = undefined;
        this.ports.failed(error);
      }
    }
  }

  private async findCoordinator(): Promise<GroupCoordinator> {
    if (this.coordinator !== undefined) return this.coordinator;
    this.finding ??= coordinatorOf(this.options.groupId, this.ports.cluster).finally(() => {
      this.finding = undefined;
    });
    this.coordinator = await this.finding;
    return this.coordinator;
  }

  private partitionCounts(): ReadonlyMap<string, number> {
    const { cluster } = this.ports;
    return new Map(this.options.topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
  }

  private async wait(ms: number, signal: AbortSignal = this.stopped.signal): Promise<void> {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }

  private notCommitted(reason: string): PlatformError {
    return new PlatformError('BROKER_UNAVAILABLE', { details: { reason, groupId: this.options.groupId } });
  }
}

/**
 * Deals out the partitions of each topic in turn, among the members that read it.
 * @param counts partitions of each topic.
 */
export function dealt(
  members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[],
  counts: ReadonlyMap<string, number>,
): { readonly memberId: string; readonly memberAssignment: Buffer }[] {
  const readers = members
    .map(({ memberId, memberMetadata }) => ({ memberId, topics: MemberMetadata.decode(memberMetadata)?.topics ?? [] }))
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assignments = new Map(readers.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  let turn = 0;
  for (const [topic, count] of counts) {
    const takers = readers.filter(({ topics }) => topics.includes(topic));
    for (let partition = 0; partition < count && takers.length > 0; partition += 1, turn += 1) {
      const assignment = assignments.get(takers[turn % takers.length]?.memberId ?? '');
      assignment?.set(topic, [...(assignment.get(topic) ?? []), partition]);
    }
  }
  return [...assignments].map(([memberId, assignment]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version: 0,
      assignment: Object.fromEntries(assignment),
      userData: Buffer.alloc(0),
    }),
  }));
}
