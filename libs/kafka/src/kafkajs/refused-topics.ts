/**
 * Why the brokers refuse to create topics. kafkajs drops their words, and tells the error of one
 * topic without its name. So the brokers are asked again, and create nothing.
 */
import type { ITopicConfig } from 'kafkajs';
import { PlatformError } from '#contracts';
import { errorOf } from './kafka-answers.ts';
import type { BrokerConnection } from './kafkajs-internals.ts';
import { askRaw, type Decoder, Encoder } from './raw-request.ts';

const createTopics = { apiKey: 19, apiVersion: 2, apiName: 'CreateTopics' } as const;

/** Refusals that no repetition cures. */
const lasting: ReadonlySet<string> = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
]);

interface RefusedTopic {
  readonly topic: string;
  /** Type of the error, by kafkajs's names. */
  readonly type: string;
  readonly reason: string;
}

/**
 * Asks whether topics can be created.
 * @returns the error that names those that cannot; undefined if none is refused, or for other
 *   reasons.
 */
export async function creationRefusal(
  broker: BrokerConnection,
  topics: readonly ITopicConfig[],
  timeoutMs: number,
): Promise<PlatformError | undefined> {
  const request = new Encoder().writeArray(topics.map(asked)).writeInt32(timeoutMs).writeBoolean(true);
  const refused = await askRaw(broker, createTopics, request, readAnswer);
  const lines = refused.filter(({ type }) => lasting.has(type)).map(inWords);
  if (lines.length > 0)
    return new PlatformError('TOPIC_UNSUITABLE', { details: { reason: 'the brokers refuse to create topics:', lines } });
  const lacking = refused.find(({ type }) => type === 'INVALID_REPLICATION_FACTOR');
  if (lacking === undefined) return undefined;
  // A cluster that starts has all its brokers soon.
  const replication = topics.find(({ topic }) => topic === lacking.topic)?.replicationFactor;
  const reason = `the brokers cannot create ${inWords(lacking)} KAFKA_REPLICATION is ${replication}`;
  return new PlatformError('BROKER_UNAVAILABLE', { details: { reason } });
}

function inWords({ topic, reason }: RefusedTopic): string {
  return `topic ${topic}: ${reason}${reason.endsWith('.') ? '' : '.'}`;
}

function asked({ topic, numPartitions = -1, replicationFactor = -1, configEntries = [] }: ITopicConfig): Encoder {
  return new Encoder()
    .writeString(topic)
    .writeInt32(numPartitions)
    .writeInt16(replicationFactor)
    .writeArray([]) // assignments of replicas
    .writeArray(configEntries.map(({ name, value }) => new Encoder().writeString(name).writeString(value)));
}

/** CreateTopics Response (Version: 2). @returns the topics that are refused. */
function readAnswer(decoder: Decoder): readonly RefusedTopic[] {
  decoder.readInt32(); // throttle time
  const answers = decoder.readArray((entry) => {
    const topic = entry.readString() ?? '';
    const code = entry.readInt16();
    const message = entry.readString();
    return { topic, code, message };
  });
  return answers
    .filter(({ code }) => code !== 0)
    .map(({ topic, code, message }) => {
      const error = errorOf(code);
      return { topic, type: error.type, reason: message ?? error.message };
    });
}
