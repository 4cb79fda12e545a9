/**
 * Asks the brokers whether an account may do what a process needs.
 *
 * kafkajs knows older versions of the metadata request, which do not tell. Version 8 does, and
 * every broker since Kafka 2.3 has it.
 */
import { PlatformError, type Service, topicUsesOf, type Topics } from '#contracts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { askRaw, type Decoder, Encoder, hasRequest } from './raw-request.ts';

/** Earlier versions do not tell the rights of the account. */
const metadata = { apiKey: 3, apiVersion: 8, apiName: 'Metadata' } as const;

/** Numbers of Kafka's operations: the bits of an answer. */
const operationBits = { Read: 3, Write: 4, Create: 5, Describe: 8 } as const;

type Operation = keyof typeof operationBits;

/** The answer of the brokers about one topic. */
interface TopicRights {
  readonly topic: string;
  /** Number of Kafka's error: 3 unknown topic, 29 the account may not see it. */
  readonly errorCode: number;
  readonly operations: number;
}

const notVisible = 29;

/**
 * Returns what the account of a connection may do with topics.
 * @returns undefined if the brokers are too old to tell.
 */
async function topicRights(cluster: ClusterConnection, topics: readonly string[]): Promise<readonly TopicRights[] | undefined> {
  await cluster.refreshMetadata();
  const broker = await cluster.findControllerBroker();
  if (!hasRequest(broker, metadata)) return undefined;
  const request = new Encoder().writeArray(topics).writeBoolean(false).writeBoolean(false).writeBoolean(true);
  return askRaw(broker, metadata, request, readRights);
}

/** Metadata Response (Version: 8). */
function readRights(decoder: Decoder): readonly TopicRights[] {
  decoder.readInt32(); // throttle time
  decoder.readArray((broker) => [broker.readInt32(), broker.readString(), broker.readInt32(), broker.readString()]);
  decoder.readString(); // cluster id
  decoder.readInt32(); // controller id
  return decoder.readArray((entry) => {
    const errorCode = entry.readInt16();
    const topic = entry.readString() ?? '';
    entry.readBoolean(); // is internal
    entry.readArray((partition) => {
      const numbers = [partition.readInt16(), partition.readInt32(), partition.readInt32(), partition.readInt32()];
      const replicas = [1, 2, 3].map(() => partition.readArray((replica) => replica.readInt32()));
      return [numbers, replicas];
    });
    return { topic, errorCode, operations: entry.readInt32() };
  });
}

/** Topics and what a process does with them. */
interface TopicNeed {
  readonly topic: string;
  readonly operations: readonly Operation[];
}

/** All that a process needs of the brokers. */
export interface KafkaNeeds {
  readonly topics: readonly TopicNeed[];
  readonly groupId: string;
}

const operationNames = { read: 'Read', write: 'Write' } as const;

/** The needs of a service: its declared topics, and the group that it joins. */
export function needsOf(service: Service, topics: Topics): KafkaNeeds {
  const used = topicUsesOf(service).map(
    ({ name, operations }): TopicNeed => ({
      topic: topics.name(name),
      operations: operations.map((operation) => operationNames[operation]),
    }),
  );
  return { topics: used, groupId: topics.groupOf(service) };
}

/** The needed operations that the account lacks, in words. */
async function missingOfTopics(cluster: ClusterConnection, needs: readonly TopicNeed[]): Promise<readonly string[]> {
  const rights = await topicRights(
    cluster,
    needs.map(({ topic }) => topic),
  );
  const byTopic = new Map(rights?.map((one) => [one.topic, one]));
  return needs.flatMap(({ topic, operations }) => {
    const known = byTopic.get(topic);
    if (known === undefined || (known.errorCode !== 0 && known.errorCode !== notVisible)) return [];
    const isMissing = (operation: Operation) =>
      known.errorCode === notVisible || (known.operations & (1 << operationBits[operation])) === 0;
    return operations.filter(isMissing).map((operation) => `${operation} topic ${topic}`);
  });
}

/**
 * kafkajs hides why it found no coordinator, so this asks one broker directly. It learns only
 * whether the account may see the group; the coordinator refuses the rest by itself.
 */
async function missingOfGroup(cluster: ClusterConnection, groupId: string): Promise<readonly string[]> {
  try {
    const broker = await cluster.findControllerBroker();
    await broker.findGroupCoordinator({ groupId, coordinatorType: 0 });
    return [];
  } catch (error) {
    return (error as { readonly type?: string }).type === 'GROUP_AUTHORIZATION_FAILED' ? [`Read group ${groupId}`] : [];
  }
}

/**
 * Checks that an account may do what a process needs. Topics that do not exist are not checked.
 * @param account the account in words, for the error.
 * @throws PlatformError `BROKER_ACCESS_DENIED` that names all that is missing.
 */
export async function assertRights(cluster: ClusterConnection, account: string, needs: KafkaNeeds): Promise<void> {
  const missing = [...(await missingOfTopics(cluster, needs.topics)), ...(await missingOfGroup(cluster, needs.groupId))];
  if (missing.length === 0) return;
  const reason = `${account} may not ${missing.join(', ')}: grant it what docs/kafka-acls.md lists`;
  throw new PlatformError('BROKER_ACCESS_DENIED', { details: { reason, account, missing } });
}
