import kafkajs from 'kafkajs';
import type { KafkaAccess } from '../contexts.ts';

/** One record for the intake topic. */
export interface IntakeRecord {
  readonly event: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * kafkajs sets timers of a negative time, and newer versions of Node.js warn of the first. The
 * warning would stand among the lines of the command.
 */
function hideWarningOfTimers(): void {
  const { emitWarning } = process;
  process.emitWarning = (...given: unknown[]) => {
    if (given[1] !== 'TimeoutNegativeWarning') Reflect.apply(emitWarning, process, given);
  };
}

/** Writes to the intake topic as any Kafka producer can, with plain kafkajs. */
export class KafkaDoor {
  private constructor(
    private readonly producer: kafkajs.Producer,
    private readonly topic: string,
  ) {}

  /** @throws Error if the brokers do not answer, or refuse the account. */
  static async open({ brokers, account, usesTls, topic }: KafkaAccess): Promise<KafkaDoor> {
    hideWarningOfTimers();
    const kafka = new kafkajs.Kafka({
      clientId: 'sendoff-verify',
      brokers: [...brokers],
      ssl: usesTls,
      ...(account === undefined ? {} : { sasl: { mechanism: 'scram-sha-512', ...account } }),
      retry: { retries: 3 },
      logLevel: kafkajs.logLevel.NOTHING,
    });
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    return new KafkaDoor(producer, topic);
  }

  /** Resolves when the brokers have the record. @throws Error if they did not acknowledge it. */
  async send({ event, headers }: IntakeRecord): Promise<void> {
    await this.producer.send({ topic: this.topic, messages: [{ value: JSON.stringify(event), headers }] });
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }
}
