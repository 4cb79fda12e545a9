import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import type { TopicSpec } from '../ports.ts';
import { type ExistingTopic, faultsOf, readSettings, type TopicConfig, type TopicFault } from '../topic-settings.ts';
import { atController, type ControllerAccess } from './at-controller.ts';
import type { AdminConnection } from './admin-connection.ts';
import { rootCause, withTimeout } from './broker-errors.ts';
import type { BrokerConnection } from './kafkajs-internals.ts';
import { changeConfigs, readConfigs } from './topic-configs.ts';

/** Connections and settings of {@link checkTopics}. */
export interface TopicCheckParts extends ControllerAccess {
  readonly admin: AdminConnection;
  /** `host:port` of some brokers, for the commands in messages. */
  readonly brokers: readonly string[];
  /** Replicas that the configuration asks for; -1 leaves the number to the brokers. */
  readonly replication: number;
  readonly log: TransportLog;
}

interface FaultyTopic {
  readonly topic: string;
  readonly fault: TopicFault;
}

/** How long a broker may take to hear of a topic that another one has just created. */
const newTopicTimeoutMs = 10_000;
const newTopicRetryMs = 100;

/**
 * Compares topics with what they should be; see `TopicAdmin.checkTopics`.
 *
 * An account that may not read settings is no reason to refuse a start: its topics may be right.
 * The log then says once what was not checked.
 * @throws PlatformError `TOPIC_UNSUITABLE`, `BROKER_UNAVAILABLE`.
 */
export async function checkTopics(specs: readonly TopicSpec[], parts: TopicCheckParts): Promise<void> {
  if (specs.length === 0) return;
  await atController(parts, async (broker) => checkAt(broker, specs, parts));
}

async function checkAt(broker: BrokerConnection, specs: readonly TopicSpec[], parts: TopicCheckParts): Promise<void> {
  const { replication, log } = parts;
  const existing = await readTopics(broker, specs, parts);
  const faulty = specs.flatMap((spec): FaultyTopic[] => {
    const found = existing.get(spec.topic);
    return found === undefined ? [] : faultsOf(spec, found, replication).map((fault) => ({ topic: spec.topic, fault }));
  });
  const withRemedy = (remedy: TopicFault['remedy']) => faulty.filter(({ fault }) => fault.remedy === remedy);
  for (const one of withRemedy('warn')) log('warn', `${inWords(one)}. ${adviceFor(one, parts)}`, { topic: one.topic });
  const refusals = withRemedy('refuse').map((one) => `${inWords(one)}. ${adviceFor(one, parts)}`);
  // Nothing is changed on a topic of a start that is refused.
  const uncorrected = refusals.length > 0 ? [] : await correct(broker, withRemedy('correct'), parts);
  const lines = [...refusals, ...uncorrected];
  if (lines.length === 0) return;
  const reason = 'topics exist that would lose records. Change them as an administrator, then start again:';
  throw new PlatformError('TOPIC_UNSUITABLE', { details: { reason, lines } });
}

/** Topics that are gone again are left out. */
async function readTopics(
  broker: BrokerConnection,
  specs: readonly TopicSpec[],
  parts: TopicCheckParts,
): Promise<ReadonlyMap<string, ExistingTopic>> {
  const { admin, timeoutMs, account, log } = parts;
  const names = specs.map(({ topic }) => topic);
  const metadata = await askOfNew(() =>
    admin.ask(timeoutMs, 'the metadata of topics', (asking) => asking.fetchTopicMetadata({ topics: [...names] }), {
      operation: 'Describe',
    }),
  );
  const answers = await withTimeout(timeoutMs, 'the settings of topics', readConfigs(broker, names, readSettings), { account });
  const hidden = answers.filter(({ refusal }) => refusal !== undefined);
  if (hidden.length > 0)
    log('warn', `${account} may not read the settings of its topics, so they were not checked`, {
      topics: hidden.map(({ topic }) => topic),
      reason: hidden[0]?.refusal,
      advice: 'Grant it DescribeConfigs on them, as docs/kafka-acls.md lists. docs/topics.md lists the settings.',
    });
  const configs = new Map(answers.map(({ topic, refusal, config }) => [topic, refusal === undefined ? config : undefined]));
  return new Map(
    metadata.topics.map(({ name, partitions }) => [
      name,
      {
        partitions: partitions.length,
        replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        config: configs.get(name),
      },
    ]),
  );
}

/** Asks again while a broker does not know a topic that was created a moment ago. */
async function askOfNew<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const giveUpAt = performance.now() + newTopicTimeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (rootCause(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION' || performance.now() >= giveUpAt) throw error;
      await delay(newTopicRetryMs);
    }
  }
}

/** Changes settings. @returns one line for each topic that the brokers did not let it change. */
async function correct(
  broker: BrokerConnection,
  faulty: readonly FaultyTopic[],
  { account, brokers, timeoutMs, log }: TopicCheckParts,
): Promise<readonly string[]> {
  if (faulty.length === 0) return [];
  const byTopic = Map.groupBy(faulty, ({ topic }) => topic);
  const changes = new Map(
    [...byTopic].map(([topic, all]) => [topic, Object.fromEntries(all.map(({ fault }) => [fault.name, fault.needed]))]),
  );
  const answers = await withTimeout(timeoutMs, 'changing settings of topics', changeConfigs(broker, changes), { account });
  const refusals = new Map(answers.map(({ topic, refusal }) => [topic, refusal]));
  return [...byTopic].flatMap(([topic, all]) => {
    const refusal = refusals.get(topic);
    const words = all.map(inWords).join(', and ');
    if (refusal === undefined) {
      log('warn', `${words}: corrected`, { topic });
      return [];
    }
    return [
      `${words}. The brokers refuse the change by ${account} (${refusal}). ${configCommand(brokers, topic, changes.get(topic) ?? {})}`,
    ];
  });
}

function inWords({ topic, fault: { name, found, needed } }: FaultyTopic): string {
  const has = name === 'partitions' || name === 'replicas' ? `${found} ${name}` : `${name}=${found}`;
  return `topic ${topic} has ${has}, and needs ${needed}`;
}

function adviceFor({ topic, fault: { name, needed, remedy } }: FaultyTopic, { brokers }: TopicCheckParts): string {
  const topicTool = `kafka-topics.sh --bootstrap-server ${brokers.join(',')} --topic ${topic}`;
  if (name === 'partitions' && remedy === 'refuse')
    return `Kafka cannot remove partitions. Stop all services, save the records as docs/operations.md tells, then run: ${topicTool} --delete`;
  if (name === 'partitions') return `To add some, run: ${topicTool} --alter --partitions ${needed}`;
  if (name === 'replicas') return 'To add some, use kafka-reassign-partitions.sh; until then records survive fewer failures';
  return configCommand(brokers, topic, { [name]: needed });
}

function configCommand(brokers: readonly string[], topic: string, config: TopicConfig): string {
  const settings = Object.entries(config).map(([name, value]) => `${name}=${value}`);
  return (
    `Run: kafka-configs.sh --bootstrap-server ${brokers.join(',')} --alter --entity-type topics ` +
    `--entity-name ${topic} --add-config ${settings.join(',')}`
  );
}
