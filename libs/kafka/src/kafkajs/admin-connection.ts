import type { Admin, Kafka } from 'kafkajs';
import { type RequestFacts, rootCause, withTimeout } from './broker-errors.ts';

/** Times that a request is made. */
const triesMax = 3;

const connectionFaults = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
]);

/**
 * The admin connection of a process. An admin of kafkajs believes its metadata for five minutes. It
 * goes on asking a former leader, or a broker that does not answer. And it asks for the metadata of
 * every topic it was ever asked about: once one of them was deleted, each request fails. So after
 * such a failure a new admin, which knows nothing, repeats the request. All requests may be
 * repeated: what exists already, or is gone already, is an answer.
 */
export class AdminConnection {
  private admin: Admin;
  private renewal: Promise<void> | undefined;

  /** @param account the account in words, for errors. */
  constructor(
    private readonly kafka: Kafka,
    private readonly account: string,
  ) {
    this.admin = kafka.admin();
  }

  /**
   * @throws PlatformError `BROKER_UNAVAILABLE` after `timeoutMs`; `BROKER_LOGIN_FAILED`,
   *   `BROKER_TLS_FAILED`.
   */
  connect(timeoutMs: number): Promise<void> {
    return withTimeout(timeoutMs, 'connecting', this.admin.connect(), { account: this.account });
  }

  /**
   * Sends a request.
   * @param what the request in words, for errors.
   * @param about what the request is about, for errors.
   * @throws PlatformError `BROKER_UNAVAILABLE` if no answer came in time; `BROKER_ACCESS_DENIED`.
   */
  async ask<Answer>(
    timeoutMs: number,
    what: string,
    question: (admin: Admin) => Promise<Answer>,
    about: RequestFacts = {},
  ): Promise<Answer> {
    const facts = { account: this.account, ...about };
    const deadlineAt = performance.now() + timeoutMs;
    for (let tries = 1; ; tries += 1) {
      const leftMs = Math.max(1, deadlineAt - performance.now());
      try {
        return await withTimeout(leftMs, what, question(this.admin), facts);
      } catch (error) {
        if (tries === triesMax || performance.now() >= deadlineAt || !isOfAnotherBroker(error)) throw error;
        this.renewal ??= this.renew(leftMs).finally(() => {
          this.renewal = undefined;
        });
        await this.renewal;
      }
    }
  }

  disconnect(): Promise<void> {
    return this.admin.disconnect();
  }

  private async renew(timeoutMs: number): Promise<void> {
    const former = this.admin;
    const admin = this.kafka.admin();
    await withTimeout(timeoutMs, 'connecting', admin.connect(), { account: this.account });
    this.admin = admin;
    void former.disconnect().catch(() => undefined);
  }
}

/** May the same request succeed at another broker, or with fresh metadata? */
function isOfAnotherBroker(error: unknown): boolean {
  const { name, type, retriable } = rootCause(error);
  return type === undefined ? connectionFaults.has(name ?? '') : retriable === true;
}
