import { contractViolated, PlatformError } from './errors.ts';
import type { IncomingRecord } from './record.ts';
import { checkFormat, formatVersionHeader, type RecordFormat } from './record-format.ts';
import { type KafkaAccount, outsideAccount, type Service, type TopicName, topicDeclarations } from './topic-declarations.ts';

/** The prefix of every topic unless the configuration says otherwise. */
export const defaultTopicPrefix = 'sendoff.';

/** The names of all topics and consumer groups of one installation; made once, from its prefix. */
export class Topics {
  private readonly byName: ReadonlyMap<string, TopicName>;
  private readonly formats: ReadonlyMap<string, RecordFormat>;

  /**
   * @param prefix stands in front of every name, so that several installations may share brokers.
   */
  constructor(readonly prefix: string) {
    this.byName = new Map(topicDeclarations.map(({ name }) => [this.name(name), name]));
    this.formats = new Map(
      topicDeclarations.flatMap(({ name, format }) => (format === undefined ? [] : [[this.name(name), format]])),
    );
  }

  /** The name that the brokers know a topic by. */
  name(topic: TopicName): string {
    return this.prefix + topic;
  }

  /** Do the brokers know a declared topic by this name? */
  has(name: string): boolean {
    return this.byName.has(name);
  }

  /**
   * The topic that the brokers know by this name.
   * @throws PlatformError `CONTRACT_VIOLATED` if no declared topic has the name.
   */
  withName(name: string): TopicName {
    const topic = this.byName.get(name);
    if (topic === undefined) throw contractViolated(`${name} is not a topic of this installation`);
    return topic;
  }

  /**
   * Checks that this release can read a record. Topics without a declared format are not checked.
   * @throws PlatformError `RECORD_TOO_NEW`, `CONTRACT_VIOLATED`; see `checkFormat`.
   */
  checkFormat(record: Pick<IncomingRecord, 'topic' | 'partition' | 'offset' | 'headers'>): void {
    // Hardly any record has the header, and this runs for each.
    if (record.headers[formatVersionHeader] === undefined) return;
    const format = this.formats.get(record.topic);
    if (format !== undefined) checkFormat(format, record);
  }

  /**
   * Reads a record, for readers that leave out what no service has written.
   * @returns undefined if the record has another shape than its topic.
   * @throws PlatformError `RECORD_TOO_NEW`, and any other error of `decode`.
   */
  readOrSkip<Read>(record: IncomingRecord, decode: (record: IncomingRecord) => Read): Read | undefined {
    try {
      this.checkFormat(record);
      return decode(record);
    } catch (error) {
      if (error instanceof PlatformError && error.code === 'CONTRACT_VIOLATED') return undefined;
      throw error;
    }
  }

  /** The name of the topic behind a stream, unless its place names another one. */
  ofStream(streamName: string): string {
    return `${this.prefix}stream.${streamName}`;
  }

  /** The name of the topic behind a pub/sub topic. */
  ofPubSubTopic(topicName: string): string {
    return `${this.prefix}topic.${topicName}`;
  }

  /** The consumer group that all processes of a service join. */
  groupOf(service: Service): string {
    return this.prefix + service;
  }

  /** The name that the brokers know an account by. */
  accountOf(account: KafkaAccount): string {
    return this.prefix + account;
  }

  /** How the names of consumer groups and transactional ids of other programs begin. */
  get outsideGroups(): string {
    return `${this.accountOf(outsideAccount)}.`;
  }
}

/** Longest name of a pub/sub topic, in characters. */
export const pubSubNameLengthMax = 200;

const topicNameLengthMax = 249;

/**
 * Longest prefix of all topics, in characters: Kafka allows 249 for the name of a pub/sub topic's
 * topic.
 */
export const topicPrefixLengthMax = topicNameLengthMax - pubSubNameLengthMax - new Topics('').ofPubSubTopic('').length;
