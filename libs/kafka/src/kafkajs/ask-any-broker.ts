/**
 * Asks a question that any broker can answer. The client of kafkajs asks any connected broker and
 * waits for 30 s, then may choose the same one again.
 */
import { connectInTime } from './broker-connection.ts';
import type { BrokerPool, ClientError, PoolBroker } from './kafkajs-pool.ts';
import { seedsOf } from './known-brokers.ts';
import { watchOf } from './silent-brokers.ts';

/** Time without an answer after which another broker is asked too, in milliseconds. */
const hedgeMs = 500;

/**
 * Asks one broker. After {@link hedgeMs} without an answer another one is asked beside it. The
 * first answer counts. An error that a broker answered with is an answer.
 * @throws the error of the answer; the error of the last broker if none answers.
 */
export async function askAny<Answer>(pool: BrokerPool, question: (broker: PoolBroker) => Promise<Answer>): Promise<Answer> {
  const candidates = candidatesOf(pool);
  return new Promise<Answer>((resolve, reject) => {
    /** Brokers without an answer. Each has a timer of its own, which ends with its answer. */
    const timers = new Map<PoolBroker, NodeJS.Timeout>();
    let isOver = false;
    let lastError: unknown;
    const end = (settle: () => void): void => {
      isOver = true;
      for (const timer of timers.values()) clearTimeout(timer);
      settle();
    };
    const failed = (error: unknown): void => {
      lastError = error;
      if (timers.size === 0) end(() => reject(lastError as Error));
    };
    const ask = async (broker: PoolBroker): Promise<void> => {
      const timer = setTimeout(() => {
        askLast(broker);
        void next();
      }, hedgeMs);
      timers.set(broker, timer);
      try {
        await connectInTime(broker);
        const answer = await question(broker);
        end(() => resolve(answer));
      } catch (error) {
        clearTimeout(timer);
        timers.delete(broker);
        const { type, retriable } = error as ClientError;
        if (type !== undefined || retriable === false) return end(() => reject(error as Error));
        askLast(broker);
        lastError = error;
        await next();
      }
    };
    const next = async (): Promise<void> => {
      if (isOver) return;
      try {
        const { value: broker, done } = await candidates.next();
        // Another broker may have answered meanwhile.
        if (isOver) return;
        if (done !== true) void ask(broker);
        else if (timers.size === 0) failed(lastError);
      } catch (error) {
        failed(error);
      }
    };
    void next();
  });
}

/** Known brokers, then the bootstrap servers. */
async function* candidatesOf(pool: BrokerPool): AsyncGenerator<PoolBroker> {
  const known = inOrderOfTrust(Object.values(pool.brokers));
  yield* known;
  for (const seed of inOrderOfTrust(await seedsOf(pool))) if (!known.includes(seed)) yield seed;
}

let questions = 0;

/** Connected brokers that answer first, slow ones last; equals take turns. */
function inOrderOfTrust(brokers: readonly PoolBroker[]): PoolBroker[] {
  questions += 1;
  const first = questions % Math.max(1, brokers.length);
  const rank = (broker: PoolBroker): number => (isAskedLast(broker) ? 2 : 0) + (broker.isConnected() ? 0 : 1);
  return [...brokers.slice(first), ...brokers.slice(0, first)].toSorted((one, other) => rank(one) - rank(other));
}

function isAskedLast({ connectionPool: { socketFactory, host, port } }: PoolBroker): boolean {
  return watchOf(socketFactory)?.isAskedLast(host, port) ?? false;
}

function askLast({ connectionPool: { socketFactory, host, port } }: PoolBroker): void {
  watchOf(socketFactory)?.askLast(host, port);
}
