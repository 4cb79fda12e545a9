/**
 * Reads and changes settings of topics, below the public face of kafkajs.
 *
 * Its admin fails as a whole if the account may not read the settings of one topic. Its way to
 * change a setting resets every other setting of the topic. The incremental request does not, and
 * every broker since Kafka 2.3 has it.
 * @see KIP-339
 */
import { errorOf } from './kafka-answers.ts';
import type { BrokerConnection } from './kafkajs-internals.ts';
import { askRaw, type Decoder, Encoder, hasRequest } from './raw-request.ts';
import type { TopicConfig } from '../topic-settings.ts';

const describeConfigs = { apiKey: 32, apiVersion: 1, apiName: 'DescribeConfigs' } as const;
const alterConfigs = { apiKey: 44, apiVersion: 0, apiName: 'IncrementalAlterConfigs' } as const;
const topicResource = 2;
const setOperation = 0;

/** The answer of the brokers about one topic. */
export interface TopicAnswer {
  readonly topic: string;
  /** Why the brokers refused; undefined if they did not. */
  readonly refusal: string | undefined;
  /** Empty in answers to changes. */
  readonly config: TopicConfig;
}

/** Reads settings of topics. @returns one answer a topic. */
export async function readConfigs(
  broker: BrokerConnection,
  topics: readonly string[],
  names: readonly string[],
): Promise<readonly TopicAnswer[]> {
  const resources = topics.map((topic) => new Encoder().writeInt8(topicResource).writeString(topic).writeArray(names));
  return askRaw(broker, describeConfigs, new Encoder().writeArray(resources).writeBoolean(false), readDescribed);
}

/**
 * Sets settings of topics, and leaves every other setting as it is.
 * @returns one answer for each topic.
 */
export async function changeConfigs(
  broker: BrokerConnection,
  changes: ReadonlyMap<string, TopicConfig>,
): Promise<readonly TopicAnswer[]> {
  if (!hasRequest(broker, alterConfigs))
    return [...changes.keys()].map((topic) => ({ topic, refusal: 'the brokers are older than Kafka 2.3', config: {} }));
  const resources = [...changes].map(([topic, config]) => {
    const entries = Object.entries(config).map(([name, value]) =>
      new Encoder().writeString(name).writeInt8(setOperation).writeString(value),
    );
    return new Encoder().writeInt8(topicResource).writeString(topic).writeArray(entries);
  });
  return askRaw(broker, alterConfigs, new Encoder().writeArray(resources).writeBoolean(false), readAltered);
}

/** DescribeConfigs Response (Version: 1). */
function readDescribed(decoder: Decoder): readonly TopicAnswer[] {
  decoder.readInt32(); // throttle time
  return decoder.readArray((entry) => {
    const answer = readHead(entry);
    const settings = entry.readArray((setting) => {
      const name = setting.readString() ?? '';
      const value = setting.readString();
      setting.readBoolean(); // is read only
      setting.readInt8(); // source
      setting.readBoolean(); // is sensitive
      setting.readArray((synonym) => [synonym.readString(), synonym.readString(), synonym.readInt8()]);
      return [name, value] as const;
    });
    const known = settings.filter((setting): setting is readonly [string, string] => setting[1] !== null);
    return { ...answer, config: Object.fromEntries(known) };
  });
}

/** IncrementalAlterConfigs Response (Version: 0). */
function readAltered(decoder: Decoder): readonly TopicAnswer[] {
  decoder.readInt32(); // throttle time
  return decoder.readArray((entry) => ({ ...readHead(entry), config: {} }));
}

function readHead(entry: Decoder): Pick<TopicAnswer, 'topic' | 'refusal'> {
  const errorCode = entry.readInt16();
  const message = entry.readString();
  entry.readInt8(); // type of the resource
  const topic = entry.readString() ?? '';
  return { topic, refusal: errorCode === 0 ? undefined : (message ?? errorOf(errorCode).message) };
}
