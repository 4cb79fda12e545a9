import {
  type KafkaAccount,
  outsideAccount,
  type Service,
  topicDeclarations,
  type TopicName,
  topicUsesOf,
} from './topic-declarations.ts';
import type { Topics } from './topics.ts';

/** An operation of Kafka's access control. `read` and `write` include `describe`. */
export type KafkaOperation = 'read' | 'write' | 'create' | 'delete' | 'describe' | 'describeConfigs';

/** Operations that an account may do on one resource, or on all whose names begin so. */
export interface KafkaRight {
  readonly resource: 'topic' | 'group' | 'transactional-id';
  /** `prefixed` means every resource whose name begins with `name`. */
  readonly pattern: 'literal' | 'prefixed';
  readonly name: string;
  readonly operations: readonly KafkaOperation[];
}

/**
 * A name, or all names that begin so: `orders`, `shop.*`. A `*` elsewhere has no meaning.
 */
export type NamePattern = string;

function topicsThatMatch(pattern: NamePattern, operations: readonly KafkaOperation[]): KafkaRight {
  const isPrefix = pattern.endsWith('*');
  return {
    resource: 'topic',
    pattern: isPrefix ? 'prefixed' : 'literal',
    name: isPrefix ? pattern.slice(0, -1) : pattern,
    operations,
  };
}

/** Topics behind streams, whose names the users choose. */
function topicsOfStreams(topics: Topics, streamTopics: readonly NamePattern[]): readonly NamePattern[] {
  return [`${topics.ofStream('')}*`, ...streamTopics];
}

/** As {@link topicsOfStreams}, and those behind pub/sub topics. */
function userTopics(topics: Topics, streamTopics: readonly NamePattern[]): readonly NamePattern[] {
  return [`${topics.ofPubSubTopic('')}*`, ...topicsOfStreams(topics, streamTopics)];
}

/**
 * The services whose groups a service looks at. The ingress finds executors and status-loggers by
 * the members of their groups. The status-logger compares the commits of those who finish
 * invocations and notices.
 */
function groupsSeenBy(service: Service): readonly Service[] {
  if (service === 'ingress') return ['executor', 'status-logger'];
  return service === 'status-logger' ? ['executor', 'retry-scheduler', 'notifier'] : [];
}

/** The status-logger looks at how far the notifiers are with `notifications`. */
function topicsSeenBy(service: Service): readonly TopicName[] {
  return service === 'status-logger' ? ['notifications'] : [];
}

/** The notifier creates topics at its first write to them. The ingress shows records of streams. */
function rightsOnUserTopics(service: Service, topics: Topics, streamTopics: readonly NamePattern[]): readonly KafkaRight[] {
  if (service === 'ingress') return topicsOfStreams(topics, streamTopics).map((pattern) => topicsThatMatch(pattern, ['read']));
  if (service !== 'notifier') return [];
  return userTopics(topics, streamTopics).map((pattern) => topicsThatMatch(pattern, ['write', 'create']));
}

function rightsOfService(service: Service, topics: Topics, streamTopics: readonly NamePattern[]): readonly KafkaRight[] {
  const declared = topicUsesOf(service).map(
    ({ name, operations }): KafkaRight => ({
      resource: 'topic',
      pattern: 'literal',
      name: topics.name(name),
      // A service checks at its start that the settings of its topics lose no records.
      operations: [...operations, 'describeConfigs'],
    }),
  );
  const ofUsers = rightsOnUserTopics(service, topics, streamTopics);
  // The status-logger deletes its group when its store is new, so that it reads from the start.
  const onGroup: readonly KafkaOperation[] = service === 'status-logger' ? ['read', 'delete'] : ['read'];
  const foundGroups = groupsSeenBy(service).map((other) => topics.groupOf(other));
  return [
    ...declared,
    ...topicsSeenBy(service).map((name) => topicsThatMatch(topics.name(name), ['describe'])),
    ...ofUsers,
    { resource: 'group', pattern: 'literal', name: topics.groupOf(service), operations: onGroup },
    ...foundGroups.map((group) => ({ resource: 'group', pattern: 'literal', name: group, operations: ['describe'] }) as const),
  ];
}

function rightsFromOutside(topics: Topics, streamTopics: readonly NamePattern[]): readonly KafkaRight[] {
  const declared = topicDeclarations.flatMap(({ name, publicAccess }): readonly KafkaRight[] =>
    publicAccess === undefined
      ? []
      : [{ resource: 'topic', pattern: 'literal', name: topics.name(name), operations: [publicAccess] }],
  );
  return [
    ...declared,
    ...userTopics(topics, streamTopics).map((pattern) => topicsThatMatch(pattern, ['read'])),
    { resource: 'group', pattern: 'prefixed', name: topics.outsideGroups, operations: ['read'] },
    { resource: 'transactional-id', pattern: 'prefixed', name: topics.outsideGroups, operations: ['write'] },
  ];
}

/**
 * The least rights that an account needs. Everything else is refused, also to create a declared
 * topic: whoever sets up the accounts creates those.
 * @param streamTopics topics that streams may name beside those with the prefix of streams.
 */
export function kafkaRightsOf(
  account: KafkaAccount,
  topics: Topics,
  streamTopics: readonly NamePattern[] = [],
): readonly KafkaRight[] {
  return account === outsideAccount ? rightsFromOutside(topics, streamTopics) : rightsOfService(account, topics, streamTopics);
}
