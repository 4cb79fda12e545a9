import type { Admin, Kafka } from 'kafkajs';
import { rootOf, within } from './broker-errors.ts';

/**
 * The admin connection of a process. kafkajs keeps asking for every topic it was ever asked about, and fails every question once one of them
 * was deleted; so after such a failure the question is put once more, to an admin that has seen nothing.
 */
export class AdminConnection {
  readonly #kafka: Kafka;
  #admin: Admin;
  #renewal: Promise<void> | undefined;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
    this.#admin = kafka.admin();
  }

  /** @throws PlatformError `BROKER_UNAVAILABLE` after `timeoutMs`. */
  connect(timeoutMs: number): Promise<void> {
    return within(timeoutMs, 'connecting', this.#admin.connect());
  }

  /** Puts a question. @param what is asked for, in words. @throws PlatformError `BROKER_UNAVAILABLE` when no answer came in time. */
  async ask<Answer>(timeoutMs: number, what: string, question: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    try {
      return await within(timeoutMs, what, question(this.#admin));
    } catch (error) {
      if (rootOf(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      this.#renewal ??= this.#renew(timeoutMs).finally(() => {
        this.#renewal = undefined;
      });
      await this.#renewal;
      return within(timeoutMs, what, question(this.#admin));
    }
  }

  disconnect(): Promise<void> {
    return this.#admin.disconnect();
  }

  async #renew(timeoutMs: number): Promise<void> {
    const former = this.#admin;
    const admin = this.#kafka.admin();
    await within(timeoutMs, 'connecting', admin.connect());
    this.#admin = admin;
    void former.disconnect().catch(() => undefined);
  }
}
