import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';

/** One event for the intake topic. */
export interface DemoEvent {
  readonly functionName: string;
  readonly event: unknown;
}

/** An account at the brokers, as `running.json` tells it. */
interface KafkaAccount {
  readonly mechanism: 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/** Brokers of the configuration may need no account, or one that Sendoff does not know. */
function saslOf(account: KafkaAccount | undefined): Pick<kafkajs.KafkaConfig, 'sasl'> {
  if (account === undefined) return {};
  return { sasl: { mechanism: 'scram-sha-512', username: account.username, password: account.password } };
}

/**
 * Invokes functions as any Kafka producer can: JSON in the value, the function in a header. Uses
 * plain kafkajs, no code of Sendoff.
 * @returns the request ids, which the producer chooses.
 */
export async function produce(
  brokers: readonly string[],
  account: KafkaAccount | undefined,
  topic: string,
  project: string,
  events: readonly DemoEvent[],
): Promise<readonly string[]> {
  const kafka = new kafkajs.Kafka({
    clientId: 'demo',
    brokers: [...brokers],
    ...saslOf(account),
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const producer = kafka.producer();
  await producer.connect();
  const requestIds = events.map(() => randomUUID());
  const messages = events.map(({ functionName, event }, index) => ({
    value: JSON.stringify(event),
    headers: { 'sendoff-function': functionName, 'sendoff-project': project, 'sendoff-request-id': requestIds[index] ?? '' },
  }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return requestIds;
}
