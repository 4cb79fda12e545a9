/**
 * Goal: the reader neither sleeps past the end of a partition's pause nor takes a topic for the one
 * that had its name before. Method: one broker of this file that gives prepared answers, and a
 * clock that the test sets. With a real broker and clock each of these orders of events is rare.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { ClusterConnection, FetchRequest } from './kafkajs-internals.ts';
import { PartitionReader } from './partition-reader.ts';
import { TopicIds } from './topic-ids.ts';

const codes = { outOfRange: 1, requestTimedOut: 7 };
const partition = { topic: 'a', partition: 0 };

it('reads a refused partition again although its pause ends between two looks at the clock', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  onTestFinished(() => clock.mockRestore());
  const refused = Promise.withResolvers<unknown>();
  const broker = new PreparedBroker([codes.requestTimedOut]);
  const reader = readerOf(broker, { failed: refused.resolve });
  reader.read(partition, 0n);
  await refused.promise;
  // It rests until 1200 now, and the reader sleeps until then.
  await turn();
  clock.mockReturnValueOnce(1_199.9).mockReturnValue(1_200.1);
  expect(await broker.fetchedFrom(2)).toEqual(['0', '0']);
});

it('reads a topic that was made again from its start, although it has the refused position by now', async () => {
  const broker = new PreparedBroker([codes.outOfRange]);
  const madeAgain = vi.fn();
  const reader = readerOf(broker, { madeAgain });
  reader.read(partition, 3n);
  broker.remake();
  expect(await broker.fetchedFrom(2)).toEqual(['3', '0']);
  expect(madeAgain).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(partition), 0n);
});

it('goes on at a refused position that its topic has by now', async () => {
  const broker = new PreparedBroker([codes.outOfRange]);
  const outOfRange = vi.fn();
  readerOf(broker, { outOfRange }).read(partition, 3n);
  expect(await broker.fetchedFrom(2)).toEqual(['3', '3']);
  expect(outOfRange).not.toHaveBeenCalled();
});

/** Leads partition 0 of topic `a`, which has the offsets 0 to 11. */
class PreparedBroker {
  private readonly offsets: string[] = [];
  private topicId = 'first';
  private known: object | undefined;
  private readonly waiting: (() => void)[] = [];

  /** @param errorCodes of the first fetches; those after them are not answered. */
  constructor(private readonly errorCodes: readonly number[]) {
    this.learn();
  }

  /** Deletes the topic and creates it again. Its reader learns of it with the next metadata. */
  remake(): void {
    this.topicId = 'second';
  }

  /** The offsets that were asked for, once there are so many. */
  async fetchedFrom(count: number): Promise<readonly string[]> {
    while (this.offsets.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.offsets;
  }

  cluster(): ClusterConnection {
    const { learn, fetched } = this;
    const broker = {
      lookupRequest: () => (request: FetchRequest) => ({ request, response: {} }),
      connectionPool: { send: async ({ request }: { readonly request: FetchRequest }) => fetched(request) },
      listOffsets: async ({
        topics,
      }: {
        readonly topics: readonly { readonly partitions: readonly { timestamp: number }[] }[];
      }) => {
        const isStart = topics[0]?.partitions[0]?.timestamp === -2;
        return { responses: [{ topic: 'a', partitions: [{ partition: 0, offset: isStart ? '0' : '12' }] }] };
      },
    };
    const metadata = () => this.known;
    return {
      brokerPool: {
        get metadata() {
          return metadata();
        },
      },
      findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
      findBroker: async () => broker,
      refreshMetadata: async () => learn(),
    } as unknown as ClusterConnection;
  }

  private readonly learn = (): void => {
    this.known = { topicMetadata: [{ topic: 'a', topicId: this.topicId }] };
  };

  private readonly fetched = async ({ topics }: FetchRequest): Promise<unknown> => {
    const errorCode = this.errorCodes[this.offsets.length];
    this.offsets.push(topics[0]?.partitions[0]?.fetchOffset ?? 'none');
    for (const resolve of this.waiting.splice(0)) resolve();
    if (errorCode === undefined) return new Promise(() => undefined);
    return { responses: [{ topicName: 'a', partitions: [{ partition: 0, errorCode }] }] };
  };
}

/** A reader that runs until the end of the test. */
function readerOf(broker: PreparedBroker, ports: Partial<ConstructorParameters<typeof PartitionReader>[0]>): PartitionReader {
  const reader = new PartitionReader(
    {
      cluster: broker.cluster(),
      topicIds: new TopicIds(),
      failed: () => undefined,
      taken: () => undefined,
      outOfRange: (_partition, position) => position,
      madeAgain: () => undefined,
      answered: () => undefined,
      refreshed: () => undefined,
      ...ports,
    },
    { bytesMin: 1, waitMs: 10, bytesMax: 1_000, partitionBytesMax: 1_000, metadataAgeMaxMs: 600_000 },
  );
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  void reader.run(ended.signal);
  return reader;
}
