/**
 * Goal: the reader never sleeps past the end of a partition's pause. Method: one broker of this
 * file, and a clock that the test sets, because a pause ends between two looks at a real clock in
 * one of a hundred runs only.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { GroupCoordinator } from './kafkajs-internals.ts';
import { PartitionReader } from './partition-reader.ts';
import { TopicIds } from './topic-ids.ts';

const requestTimedOut = 7;
const partition = { topic: 'a', partition: 0 };

it('reads a refused partition again although its pause ends between two looks at the clock', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  const ended = new AbortController();
  onTestFinished(() => {
    ended.abort();
    clock.mockRestore();
  });
  const refused = Promise.withResolvers<unknown>();
  const readAgain = Promise.withResolvers<void>();
  let fetches = 0;
  const fetched = async () => {
    fetches += 1;
    if (fetches === 1) return { responses: [{ topicName: 'a', partitions: [{ partition: 0, errorCode: requestTimedOut }] }] };
    readAgain.resolve();
    return new Promise(() => undefined);
  };
  const reader = readerOf(fetched, refused.resolve);
  reader.read(partition, 0n);
  void reader.run(ended.signal);
  await refused.promise;
  // It rests until 1200 now, and the reader sleeps until then.
  await turn();
  clock.mockReturnValueOnce(1_199.9).mockReturnValue(1_200.1);
  await readAgain.promise;
  expect(fetches).toBe(2);
});

/** A reader of one partition that broker 1 leads. */
function readerOf(fetched: () => Promise<unknown>, failed: (error: unknown) => void): PartitionReader {
  const broker = {
    lookupRequest: () => () => ({ request: {}, response: {} }),
    connectionPool: { send: fetched },
  } as unknown as GroupCoordinator;
  const cluster = {
    brokerPool: { metadata: undefined },
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findBroker: async () => broker,
    refreshMetadata: async () => undefined,
  };
  return new PartitionReader(
    {
      cluster: cluster as never,
      topicIds: new TopicIds(),
      failed,
      taken: () => undefined,
      outOfRange: (_partition, position) => position,
      madeAgain: () => undefined,
      answered: () => undefined,
      refreshed: () => undefined,
    },
    { bytesMin: 1, waitMs: 10, bytesMax: 1_000, partitionBytesMax: 1_000, metadataAgeMaxMs: 600_000 },
  );
}
