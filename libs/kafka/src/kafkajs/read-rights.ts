import type { PlatformError } from '#contracts';
import type { ConsumerOptions } from '../ports.ts';
import { unavailable, withTimeout } from './broker-errors.ts';
import type { ConsumerPorts } from './consumer-ports.ts';
import { assertRights } from './needed-rights.ts';

/** After a refusal, the rights are asked for this often, in milliseconds. */
const allowedAgainMs = 1_000;
const answerTimeoutMs = 5_000;

/** Explains the errors of a consumer, and finds out what its account may read. */
export class ReadRights {
  private checkedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: Pick<ConsumerOptions, 'groupId' | 'topics'>,
    private readonly ports: Pick<ConsumerPorts, 'access' | 'account' | 'newCluster'>,
  ) {}

  /** The error of a request of the consumer. */
  faultOf(error: unknown): PlatformError {
    const { groupId, topics } = this.options;
    return unavailable(error, { groupId, topics, account: this.ports.account, operation: 'Read' });
  }

  /** As {@link faultOf}. A refusal names the topics, which the brokers did not say. */
  async explained(error: unknown): Promise<PlatformError> {
    const fault = this.faultOf(error);
    return fault.code === 'BROKER_ACCESS_DENIED' ? ((await this.missing()) ?? fault) : fault;
  }

  /** After a refusal: the group may have been joined while a topic is still refused. */
  async checkAllowed(): Promise<void> {
    const now = performance.now();
    if (!this.ports.access.isRefused || now - this.checkedAt < allowedAgainMs) return;
    this.checkedAt = now;
    if ((await this.missing()) === undefined) this.ports.access.allowed(this.options.groupId);
  }

  /** @returns the error that names what the account may not read; undefined if it may read all. */
  private async missing(): Promise<PlatformError | undefined> {
    const { account, newCluster } = this.ports;
    const { groupId, topics } = this.options;
    const needs = { groupId, topics: topics.map((topic) => ({ topic, operations: ['Read' as const] })) };
    const cluster = newCluster();
    const check = cluster.connect().then(() => assertRights(cluster, account, needs));
    try {
      await withTimeout(answerTimeoutMs, 'asking for rights', check);
      return undefined;
    } catch (error) {
      return this.faultOf(error);
    } finally {
      void cluster.disconnect().catch(() => undefined);
    }
  }
}
