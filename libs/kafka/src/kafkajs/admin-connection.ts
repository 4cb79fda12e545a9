import type { Admin, Kafka } from 'kafkajs';
import { rootCause, withTimeout } from './broker-errors.ts';

/**
 * The admin connection of a process. An admin of kafkajs asks for the metadata of every topic it
 * was ever asked about. Once one of them was deleted, each request fails. So after such a failure a
 * new admin, which knows no topics, repeats the request.
 */
export class AdminConnection {
  private admin: Admin;
  private renewal: Promise<void> | undefined;

  constructor(private readonly kafka: Kafka) {
    this.admin = kafka.admin();
  }

  /** @throws PlatformError `BROKER_UNAVAILABLE` after `timeoutMs`. */
  connect(timeoutMs: number): Promise<void> {
    return withTimeout(timeoutMs, 'connecting', this.admin.connect());
  }

  /**
   * Sends a request.
   * @param what the request in words, for errors.
   * @throws PlatformError `BROKER_UNAVAILABLE` if no answer came in time.
   */
  async ask<Answer>(timeoutMs: number, what: string, question: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    try {
      return await withTimeout(timeoutMs, what, question(this.admin));
    } catch (error) {
      if (rootCause(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      this.renewal ??= this.renew(timeoutMs).finally(() => {
        this.renewal = undefined;
      });
      await this.renewal;
      return withTimeout(timeoutMs, what, question(this.admin));
    }
  }

  disconnect(): Promise<void> {
    return this.admin.disconnect();
  }

  private async renew(timeoutMs: number): Promise<void> {
    const former = this.admin;
    const admin = this.kafka.admin();
    await withTimeout(timeoutMs, 'connecting', admin.connect());
    this.admin = admin;
    void former.disconnect().catch(() => undefined);
  }
}
