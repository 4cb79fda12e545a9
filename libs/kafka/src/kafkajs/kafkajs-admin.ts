import { setTimeout as delay } from 'node:timers/promises';
import type { ITopicConfig } from 'kafkajs';
import type { PlatformError } from '#contracts';
import { settingsOf } from '../topic-settings.ts';
import { atController } from './at-controller.ts';
import type { AdminConnection } from './admin-connection.ts';
import { isAccessFault, rootCause, unavailable, withTimeout } from './broker-errors.ts';
import type { CommittedTo, GroupMembers, OldestRecord, PartitionEnd, PartitionOffset, TopicAdmin, TopicSpec } from '../ports.ts';
import { membersOf } from './group-assignments.ts';
import { creationRefusal } from './refused-topics.ts';
import { checkTopics, type TopicCheckParts } from './topic-check.ts';
import type { TopicEnds } from './topic-ends.ts';

/** Longest wait for the members of a group to be gone: three session timeouts. */
const emptyGroupTimeoutMs = 30_000;
const emptyGroupRetryMs = 250;

/**
 * Looks after topics through an admin of kafkajs. Each request has a timeout; after it, the error
 * is `BROKER_UNAVAILABLE`.
 */
export class KafkajsAdmin implements TopicAdmin {
  private readonly admin: AdminConnection;
  private readonly timeoutMs: number;

  /**
   * @param topicEnds tells where topics begin and end.
   * @param removeGoneMembers removes members of a group whose process was killed.
   */
  constructor(
    private readonly parts: TopicCheckParts,
    private readonly topicEnds: TopicEnds,
    private readonly removeGoneMembers: (groupId: string) => Promise<unknown>,
  ) {
    this.admin = parts.admin;
    this.timeoutMs = parts.timeoutMs;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    // Several services may start at once. If another one created the topics first, the next round
    // finds them.
    for (let round = 1; ; round += 1) {
      const present = new Set(await this.list());
      const missing = specs.filter(({ topic }) => !present.has(topic));
      if (missing.length === 0) return;
      const topics = missing.map((spec) => topicConfig(spec, this.parts.replication));
      try {
        await this.admin.ask(this.timeoutMs, 'creating topics', (admin) => admin.createTopics({ topics, waitForLeaders: true }), {
          operation: 'Create',
        });
      } catch (error) {
        if (isAccessFault(error)) {
          await this.checkVisible(missing);
          throw error;
        }
        if (round === 3) throw await this.creationFault(topics, error);
      }
    }
  }

  /** The brokers' own words, if they refuse to create one of the topics. */
  private async creationFault(topics: readonly ITopicConfig[], error: unknown): Promise<PlatformError> {
    const { timeoutMs } = this;
    const asked = atController(this.parts, async (broker) => creationRefusal(broker, topics, timeoutMs));
    const refusal = await withTimeout(timeoutMs, 'the reasons of a refusal', asked).catch(() => undefined);
    return refusal ?? unavailable(error, { topics: topics.map(({ topic }) => topic) });
  }

  checkTopics(specs: readonly TopicSpec[]): Promise<void> {
    return checkTopics(specs, this.parts);
  }

  async checkAccess(topic: string): Promise<void> {
    try {
      await this.admin.ask(this.timeoutMs, `the metadata of ${topic}`, (admin) => admin.fetchTopicMetadata({ topics: [topic] }), {
        topic,
        operation: 'Describe',
      });
    } catch (error) {
      if (isAccessFault(error)) throw error;
    }
  }

  /**
   * A topic that the account may not see looks like a missing one. Creating it would be refused,
   * with an error that leads the operator astray.
   */
  private async checkVisible(specs: readonly TopicSpec[]): Promise<void> {
    for (const { topic } of specs) await this.checkAccess(topic);
  }

  async ends(topic: string): Promise<readonly PartitionEnd[]> {
    return withTimeout(this.timeoutMs, `the ends of ${topic}`, this.topicEnds.of(topic), { topic, operation: 'Describe' });
  }

  /** As {@link ends}, without a look for partitions that were added a moment ago. */
  async knownEnds(topic: string): Promise<readonly PartitionEnd[]> {
    return withTimeout(this.timeoutMs, `the ends of ${topic}`, this.topicEnds.known(topic), { topic, operation: 'Describe' });
  }

  async oldest(topic: string): Promise<readonly OldestRecord[]> {
    const ask = `the oldest records of ${topic}`;
    return withTimeout(this.timeoutMs, ask, this.topicEnds.oldest(topic), { topic, operation: 'Describe' });
  }

  async offsetsAt(topic: string, at: number): Promise<readonly PartitionOffset[]> {
    const ask = `the offsets of ${topic} at a time`;
    return withTimeout(this.timeoutMs, ask, this.topicEnds.at(topic, at), { topic, operation: 'Describe' });
  }

  async members(groupId: string): Promise<GroupMembers | undefined> {
    const ask = `the members of group ${groupId}`;
    const { groups } = await this.admin.ask(this.timeoutMs, ask, (admin) => admin.describeGroups([groupId]), { groupId });
    const [group] = groups;
    // The coordinator tells what members said and got only while the group is at rest.
    return group === undefined || restless.has(group.state) ? undefined : membersOf(group.members);
  }

  async committed(groupId: string, topics: readonly string[]): Promise<readonly CommittedTo[]> {
    const ask = `the commits of group ${groupId}`;
    // If kafkajs is told topics, it first reads the metadata of one after the other. On busy cores
    // that took longer than its lock of 3 s. The question without topics needs no metadata.
    const question = { groupId, topics: [] };
    const answers = await this.admin.ask(this.timeoutMs, ask, (admin) => admin.fetchOffsets(question), { groupId });
    const asked = answers.filter(({ topic }) => topics.includes(topic));
    return asked.flatMap(({ topic, partitions }) =>
      partitions.flatMap(({ partition, offset }) =>
        BigInt(offset) < 0n ? [] : [{ topic, partition, finishedTo: BigInt(offset) }],
      ),
    );
  }

  async list(): Promise<readonly string[]> {
    return this.admin.ask(this.timeoutMs, 'the list of topics', (admin) => admin.listTopics());
  }

  async hosts(): Promise<readonly string[]> {
    const { brokers } = await this.admin.ask(this.timeoutMs, 'the list of brokers', (admin) => admin.describeCluster());
    return brokers.map(({ host }) => host);
  }

  async forgetGroup(groupId: string): Promise<void> {
    const giveUpAt = performance.now() + emptyGroupTimeoutMs;
    for (;;) {
      await this.removeGoneMembers(groupId);
      try {
        await this.admin.ask(this.timeoutMs, `deleting group ${groupId}`, (admin) => admin.deleteGroups([groupId]));
        return;
      } catch (error) {
        const refusal = refusalIn(error);
        if (refusal?.type === 'GROUP_ID_NOT_FOUND') return;
        if (refusal?.type !== 'NON_EMPTY_GROUP' || performance.now() >= giveUpAt)
          throw unavailable(refusal ?? error, { groupId });
      }
      await delay(emptyGroupRetryMs);
    }
  }
}

/** States of a group that deals its partitions anew. */
const restless: ReadonlySet<string> = new Set(['PreparingRebalance', 'CompletingRebalance']);

/** The broker's refusal to delete a group, which kafkajs hides in a list. */
function refusalIn(error: unknown): (Error & { readonly type?: string }) | undefined {
  return (rootCause(error) as { readonly groups?: readonly { readonly error: Error }[] }).groups?.[0]?.error;
}

function topicConfig(spec: TopicSpec, replication: number): ITopicConfig {
  return {
    topic: spec.topic,
    numPartitions: spec.partitions,
    replicationFactor: replication,
    configEntries: settingsOf(spec, replication).map(({ name, value }) => ({ name, value })),
  };
}
