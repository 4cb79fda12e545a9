import type { Admin, Kafka } from 'kafkajs';
import { type RequestFacts, rootCause, withTimeout } from './broker-errors.ts';

/**
 * The admin connection of a process. An admin of kafkajs asks for the metadata of every topic it
 * was ever asked about. Once one of them was deleted, each request fails. So after such a failure a
 * new admin, which knows no topics, repeats the request.
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
    try {
      return await withTimeout(timeoutMs, what, question(this.admin), facts);
    } catch (error) {
      if (rootCause(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      this.renewal ??= this.renew(timeoutMs).finally(() => {
        this.renewal = undefined;
      });
      await this.renewal;
      return withTimeout(timeoutMs, what, question(this.admin), facts);
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
