/**
 * Goal: a lookup finds the records behind those that no reader gets. Method: one broker of this
 * file that gives prepared answers. A real one needs an aborted transaction of 1 MiB.
 */
import { expect, it } from 'vitest';
import type { ClusterConnection, FetchRequest } from './kafkajs-internals.ts';
import type { FetchedMessage } from './record-decoder.ts';
import { RecordLookup } from './record-lookup.ts';

const at = { topic: 'a', partition: 0 };
const record = (offset: number): FetchedMessage => ({
  offset: BigInt(offset),
  timestamp: 0,
  key: null,
  value: Buffer.from('x'),
  headers: {},
  bytes: 1,
  unreadable: undefined,
  isControl: false,
  isAbort: false,
  batch: undefined,
});
const control = (offset: number): FetchedMessage => ({ ...record(offset), value: null, isControl: true, isAbort: true });

/** @param answers the messages of a fetch, by its offset. */
function lookupIn(answers: Readonly<Record<string, readonly FetchedMessage[]>>) {
  const asked: string[] = [];
  const fetched = ({ topics }: FetchRequest) => {
    const offset = topics[0]?.partitions[0]?.fetchOffset ?? 'none';
    asked.push(offset);
    return { responses: [{ topicName: 'a', partitions: [{ partition: 0, errorCode: 0, messages: answers[offset] ?? [] }] }] };
  };
  const broker = {
    lookupRequest: () => (request: FetchRequest) => ({ request, response: {} }),
    connectionPool: { send: async ({ request }: { readonly request: FetchRequest }) => fetched(request) },
  };
  const cluster = {
    targetTopics: new Set(),
    connect: async () => undefined,
    addMultipleTargetTopics: async () => undefined,
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findBroker: async () => broker,
  } as unknown as ClusterConnection;
  return { lookup: new RecordLookup(() => cluster), asked };
}

it('reads on behind an answer of which nobody gets a record', async () => {
  const { lookup, asked } = lookupIn({ '3': [control(3), control(4)], '5': [control(5)], '6': [record(6), record(7)] });
  expect((await lookup.from(at, 3n, 10)).map(({ offset }) => offset)).toEqual([6n, 7n]);
  expect(asked).toEqual(['3', '5', '6']);
});

it('finds nothing at the end of a partition, also behind such an answer', async () => {
  expect(await lookupIn({}).lookup.from(at, 3n, 10)).toEqual([]);
  const { lookup, asked } = lookupIn({ '3': [control(3)] });
  expect(await lookup.from(at, 3n, 10)).toEqual([]);
  expect(asked).toEqual(['3', '4']);
});
