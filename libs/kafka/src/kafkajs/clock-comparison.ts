import type { ComparedClock, Timer } from '#platform';
import type { TransportLog } from '../log.ts';
import { errorOf } from './kafka-answers.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { KafkajsProduceClient, type ProduceClient } from './produce-client.ts';

/** How often the brokers are asked for their time, in milliseconds. */
const askEveryMs = 5_000;
/** Measurements in a row, each within the bounds of the one before, until the next pause. */
const measurementsMax = 4;
/** The first question connects and looks for the leader. The start waits so long for its answer. */
const firstTimeoutMs = 10_000;
/** Longest time until the broker answers, in milliseconds. */
const answerTimeoutMs = 3_000;

/** Parts of a {@link ClockComparison}. */
export interface ClockComparisonParts {
  readonly clock: ComparedClock;
  /** The topic whose leader is asked: one partition, dated by the broker. */
  readonly topic: string;
  /** Makes a connection of its own, so that no other request delays the question. */
  readonly newCluster: () => ClusterConnection;
  readonly log: TransportLog;
}

/**
 * Asks the brokers for their time: it writes an empty record, and the broker answers when it
 * appended that record. All services ask the leader of the same partition, so they follow one
 * clock although the clocks of several brokers may differ.
 */
export class ClockComparison {
  private client: Promise<ProduceClient> | undefined;
  private leader: number | undefined;
  private timer: Timer | undefined;
  private isAsking = false;
  private isClosed = false;
  private hasWarned = false;

  constructor(private readonly parts: ClockComparisonParts) {
    parts.clock.onStep(() => void this.ask());
  }

  /** Resolves after the first measurement, or after 10 s without one. */
  async start(): Promise<void> {
    let late: Timer | undefined;
    const isLate = new Promise<void>((resolve) => {
      late = this.parts.clock.setTimer(firstTimeoutMs, resolve);
    });
    await Promise.race([this.ask(), isLate]);
    late?.cancel();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await (await this.client?.catch(() => undefined))?.disconnect();
  }

  /** Never rejects: without an answer the clock goes on as it is, and the next question follows. */
  private async ask(): Promise<void> {
    if (this.isAsking || this.isClosed) return;
    this.isAsking = true;
    this.timer?.cancel();
    try {
      for (let left = measurementsMax; left > 0; left -= 1) if (!(await this.measure())) break;
    } catch (error) {
      // Perhaps another broker leads the partition now.
      this.leader = undefined;
      this.parts.log('debug', 'The brokers did not tell their time', { error: String(error) });
    } finally {
      this.isAsking = false;
      if (!this.isClosed) this.timer = this.parts.clock.setTimer(askEveryMs, () => void this.ask());
    }
  }

  /** @returns true if the clock has changed: the next measurement makes it more precise. */
  private async measure(): Promise<boolean> {
    const { clock, topic, log } = this.parts;
    const client = await this.connected();
    this.leader ??= await leaderOf(client, topic);
    const askedMs = clock.elapsedMs();
    const batch = { topic, partition: 0, messages: [{ value: '' }] };
    const [answer] = await client.produce(this.leader, [batch], answerTimeoutMs);
    const answeredMs = clock.elapsedMs();
    if (answer === undefined || answer.errorCode !== 0) throw errorOf(answer?.errorCode ?? -1);
    const { appendedAt } = answer;
    if (appendedAt !== undefined) return clock.compare({ brokersAt: appendedAt, askedMs, answeredMs });
    if (!this.hasWarned)
      log(
        'warn',
        'The brokers do not tell their time, so wrong clocks stay unnoticed: set message.timestamp.type=LogAppendTime',
        {
          topic,
        },
      );
    this.hasWarned = true;
    return false;
  }

  private async connected(): Promise<ProduceClient> {
    this.client ??= connect(this.parts.newCluster());
    try {
      return await this.client;
    } catch (error) {
      this.client = undefined;
      throw error;
    }
  }
}

async function connect(cluster: ClusterConnection): Promise<ProduceClient> {
  await cluster.connect();
  return new KafkajsProduceClient(cluster);
}

/** @throws an error of kafkajs if no broker leads the partition. */
async function leaderOf(client: ProduceClient, topic: string): Promise<number> {
  const [described] = await client.describe([topic]);
  const leader = described?.partitions[0]?.leader;
  if (leader === undefined || leader < 0) throw described?.error ?? new Error(`no broker leads ${topic}`);
  return leader;
}
