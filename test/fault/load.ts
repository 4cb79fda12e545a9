import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import type { LoadEvent } from './counting-server.ts';
import type { Door, PromiseCount } from './promise-count.ts';
import type { World } from './world.ts';

const answerTimeoutMs = 20_000;
const tickMs = 10;

/**
 * Sends invocations of one function by both doors at a fixed rate, however long answers take.
 * Nothing is sent twice: a caller that tries again would hide a loss.
 */
export class Load {
  private readonly sends = new Set<Promise<void>>();
  private readonly startedAt = performance.now();
  private readonly timer: NodeJS.Timeout;
  private sent = 0;
  private producer: Promise<Producer> | undefined;

  /** @param perSecond invocations a second and door. */
  constructor(
    private readonly world: World,
    private readonly functionName: string,
    private readonly count: PromiseCount,
    perSecond: number,
  ) {
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.startedAt) / 1_000) * perSecond);
      for (; this.sent < due; this.sent += 1) {
        this.send('http', async (event) => this.throughHttp(event));
        this.send('kafka', async (event) => this.throughKafka(event));
      }
    }, tickMs);
  }

  /** Ends the load. Resolves when every caller has an answer or gave up. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.sends);
    await this.producer?.then(async (producer) => producer.disconnect()).catch(() => undefined);
  }

  private send(door: Door, through: (event: LoadEvent) => Promise<boolean>): void {
    const event = { id: randomUUID(), count: `${this.world.counting.url}/run` };
    this.count.sent(event.id, door);
    const sending = through(event)
      .catch(() => false)
      .then((isAccepted) => {
        this.count.answered(event.id, isAccepted);
        this.sends.delete(sending);
      });
    this.sends.add(sending);
  }

  private async throughHttp(event: LoadEvent): Promise<boolean> {
    const path = `/fgs/functions/${this.functionName}/invocations-async`;
    const { status } = await this.world.client.call('POST', path, event, {}, AbortSignal.timeout(answerTimeoutMs));
    return status === 202;
  }

  /** True only if the broker named the offset of this record. */
  private async throughKafka(event: LoadEvent): Promise<boolean> {
    this.producer ??= this.connect();
    const used = this.producer;
    try {
      const answers = await (await used).send({
        topic: `${this.world.topicPrefix}intake`,
        messages: [
          {
            value: JSON.stringify(event),
            headers: { 'sendoff-function': this.functionName, 'sendoff-project': this.world.client.project },
          },
        ],
      });
      return answers.some(({ errorCode, baseOffset }) => errorCode === 0 && Number(baseOffset) >= 0);
    } catch (error) {
      // A new producer asks for new metadata, and for the address of a broker that moved.
      if (this.producer === used) this.producer = undefined;
      void used.then(async (producer) => producer.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  private async connect(): Promise<Producer> {
    const kafka = new Kafka({
      ...this.world.kafkaOptions,
      clientId: 'a-caller',
      requestTimeout: 5_000,
      logLevel: logLevel.NOTHING,
    });
    const producer = kafka.producer({ retry: { retries: 0 } });
    await producer.connect();
    return producer;
  }
}
