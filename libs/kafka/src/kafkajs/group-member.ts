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
 * A member keeps its partitions while the group rebalances, and goes on with them. It tells the
 * group which ones it holds. The leader deals a partition to nobody else before its holder has let
 * it go; see `deal-partitions.ts`. If a member of an earlier version is in the group, all members
 * use its protocol: they let everything go at each rebalance.
 *
 * G1. Heartbeats have their own timer. Neither a slow fetch nor a handler holds them up.
 * G2. A coordinator that does not answer is looked for again, and the membership goes on with the
 *     next one. Nothing is dealt out anew for that.
 * G3. A commit counts only if the answer names each of its partitions, without an error. It is sent
 *     with the generation in which its partitions were assigned. A later one is used only if the
 *     member has kept its partitions since: no generation lies in between.
 * G4. Only topics of this member are taken from an assignment; the rest is logged.
 * G5. An answer about a former membership changes nothing of the present one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { partitionName, PlatformError } from '#contracts';
import type { CommitWriter, TopicPartition } from '../bookkeeping/feed-set.ts';
import type { TransportLog } from '../log.ts';
import { rootCause } from './broker-errors.ts';
import { dealtCooperatively, dealtInTurn, decodeAssignment, encodeMetadata } from './group-assignments.ts';
import type { ClusterConnection, GroupCoordinator } from './kafkajs-internals.ts';
import type { GroupFacts } from '../ports.ts';
import { byTopic } from './partition-offsets.ts';

/** Settings of a member. Times are in milliseconds. */
export interface MemberOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Longest wait of the coordinator for members to join a rebalance. */
  readonly rebalanceTimeoutMs: number;
  /** The base URL under which other services reach this process, told to the group. */
  readonly url?: () => string | undefined;
}

/** The partitions that a group has assigned to a member. */
export interface Assignment {
  readonly assigned: readonly TopicPartition[];
  /** False: the group has taken all other partitions away already. */
  readonly isCooperative: boolean;
  /** True if no other member can have had the partitions that this one holds. */
  readonly isContinuous: boolean;
  readonly group: GroupFacts;
}

/** The owner of a member. */
export interface MemberPorts {
  readonly cluster: ClusterConnection;
  readonly log: TransportLog;
  /** The group assigned partitions. @param tookMs from the request to its answer. */
  joined(assignment: Assignment, tookMs: number): void;
  /** The partitions that this member reads, or for which it still acts. */
  held(): readonly TopicPartition[];
  /** The group confirmed a heartbeat. @param tookMs from the request to its answer. */
  confirmed(tookMs: number): void;
  /**
   * The group takes all partitions away and deals them anew. Resolves when the member may join
   * again. Never rejects.
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
  readonly isCooperative: boolean;
  /** The member has kept its partitions since this generation. */
  readonly sinceGenerationId: number;
  /** Partitions of each topic when they were dealt out. */
  readonly known: ReadonlyMap<string, number>;
  /** Aborts when the member has to join again. */
  readonly over: AbortController;
}

const againMinMs = 100;
const againMaxMs = 1_000;
/** Time in which a commit is made again if the coordinator is elsewhere. */
const commitTimeoutMs = 5_000;
/** The protocol of this version. Its number changes when members would misunderstand each other. */
const cooperativeName = 'sendoff-cooperative-1';
/** The protocol of earlier versions. */
const eagerName = 'RoundRobinAssigner';

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
  private isLeaving = false;
  /** A join is wanted that tells the group what changed during the present one. */
  private isToJoinAgain = false;

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
        if (!round.isCooperative) await this.ports.rebalancing();
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
    let round = this.round;
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
        const mayGoOn = reaction === 'find-coordinator' || (reaction === 'join-again' && round.isCooperative);
        if (!mayGoOn || performance.now() >= deadlineAt) throw error;
        if (reaction === 'find-coordinator') this.coordinator = undefined;
        await this.wait(againMinMs);
        const next: Round | undefined = this.round;
        if (next === undefined || (next !== round && !keptSince(next, round))) throw error;
        round = next;
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

  /** Joins again, so that the group deals anew what this member holds no more. */
  joinAgain(): void {
    this.isToJoinAgain = true;
    if (this.round?.isCooperative === true) this.round.over.abort();
  }

  /** Tells the group to deal this member nothing any more, from its next join on. */
  wantNothing(): void {
    this.isLeaving = true;
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
    const url = this.options.url?.();
    const coordinator = await this.findCoordinator();
    const before = this.round;
    this.isToJoinAgain = false;
    const sentAt = performance.now();
    const data = { generationId: before?.generationId ?? -1, held: this.ports.held(), isLeaving: this.isLeaving };
    const metadata = encodeMetadata(topics, { ...data, ...(url === undefined ? {} : { url }) });
    const joined = await coordinator.joinGroup({
      groupId,
      memberId: this.memberId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      groupProtocols: [cooperativeName, eagerName].map((name) => ({ name, metadata })),
    });
    const { memberId, generationId } = joined;
    this.memberId = memberId;
    const isLeader = joined.leaderId === memberId;
    const isCooperative = joined.groupProtocol === cooperativeName;
    if (isLeader) await this.ports.cluster.refreshMetadata();
    const known = this.partitionCounts();
    const deal = isCooperative ? dealtCooperatively : dealtInTurn;
    const groupAssignment = isLeader ? deal(joined.members, known) : [];
    const syncedAt = performance.now();
    const { memberAssignment } = await coordinator.syncGroup({ groupId, memberId, generationId, groupAssignment });
    const isContinuous = before !== undefined && follows({ memberId, generationId, isCooperative }, before);
    const sinceGenerationId = isContinuous ? before.sinceGenerationId : generationId;
    const round = { memberId, generationId, isLeader, isCooperative, sinceGenerationId, known, over: new AbortController() };
    this.round = round;
    this.ports.log('debug', 'A consumer has joined its group', {
      groupId,
      generationId,
      tookMs: Math.round(performance.now() - sentAt),
    });
    if (this.stopped.signal.aborted) {
      // It left meanwhile, so it must not stay.
      round.over.abort();
      return round;
    }
    const { assigned: told, group = { counts: known, members: 1 } } = decodeAssignment(memberAssignment);
    const assigned = this.ownOf(told);
    this.ports.joined({ assigned, isCooperative, isContinuous, group }, performance.now() - syncedAt);
    this.checkGrowth();
    if (this.isToJoinAgain && isCooperative) round.over.abort();
    return round;
  }

  /** G5. */
  private forgotten(memberId: string): void {
    if (this.memberId === memberId) this.memberId = '';
  }

  /** G4. */
  private ownOf(told: readonly TopicPartition[]): readonly TopicPartition[] {
    const { groupId, topics } = this.options;
    const foreign = told.filter(({ topic }) => !topics.includes(topic)).map(({ topic }) => topic);
    if (foreign.length > 0)
      this.ports.log('warn', 'A group assigned topics that this process does not read', {
        groupId,
        topics: [...new Set(foreign)],
      });
    return told.filter(({ topic }) => topics.includes(topic));
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

/** True if no generation lies between two rounds of a member. */
function follows(next: Pick<Round, 'memberId' | 'generationId' | 'isCooperative'>, before: Round): boolean {
  const isNext = [before.generationId, before.generationId + 1].includes(next.generationId);
  return next.memberId === before.memberId && isNext && next.isCooperative && before.isCooperative;
}

/** True if a member has kept its partitions from one round to a later one. */
function keptSince(next: Round, before: Round): boolean {
  return next.memberId === before.memberId && next.sinceGenerationId <= before.generationId;
}
