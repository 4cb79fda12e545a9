/**
 * Goal: group commit, refused records and timeouts. Method: fake brokers that the test answers.
 * `publisher-faults.test.ts` and the conformance suite show the same with the real client.
 */
import type { Message } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OutgoingRecord } from '#contracts';
import { KafkajsPublisher, type PublisherLimits } from './kafkajs-publisher.ts';
import type { DescribedTopic, PartitionBatch, ProduceClient } from './produce-client.ts';

interface Request {
  readonly leader: number;
  readonly batches: readonly PartitionBatch[];
  readonly topics: readonly string[];
  readonly values: readonly string[];
  readonly messages: readonly Message[];
  readonly acknowledge: () => void;
  /** Answers an error for the partitions of a topic, and acknowledges the others. */
  readonly refuse: (errorCode: number, topic?: string) => void;
  readonly fail: (error: Error) => void;
}

const limits: PublisherLimits = {
  timeoutMs: 5_000,
  requestsMax: 2,
  extraRequestRecordsMin: 1,
  pace: { leastMs: 0, mostMs: 0, fullRecords: 64 },
  batchBytesMax: 1_000,
  requestBytesMax: 2_000,
  requestRecordsMax: 100,
  givingWayRecordsMax: 2,
  queueBytesMax: 10_000,
  queueRecordsMax: 100,
  recordBytesMax: 900,
};

/** Codes of Kafka. */
const codes = {
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  NOT_LEADER: 6,
  MESSAGE_TOO_LARGE: 10,
  TOPIC_AUTHORIZATION_FAILED: 29,
  INVALID_RECORD: 87,
};

let requests: Request[];
/** The leader of each partition, by topic. */
let topics: Record<string, readonly number[]>;
let answer: ((request: Request) => void) | undefined;
let reached: boolean[];
let refused: string[];
/** The topics of each question for leaders. */
let described: (readonly string[])[];

function describedTopic(topic: string): DescribedTopic {
  const leaders = topics[topic];
  if (leaders === undefined) {
    const error = Object.assign(new Error('unknown'), { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true });
    return { topic, error, partitions: [] };
  }
  return { topic, partitions: leaders.map((leader, partitionId) => ({ partitionId, leader })) };
}

const client: ProduceClient = {
  describe: async (names) => {
    described.push(names);
    return names.map(describedTopic);
  },
  produce: (leader, batches) =>
    new Promise((resolve, reject) => {
      const messages = batches.flatMap((one) => one.messages);
      const refuse = (errorCode: number, refusedTopic?: string) =>
        resolve(
          batches.map(({ topic, partition }) => {
            const isRefused = errorCode !== 0 && (refusedTopic === undefined || refusedTopic === topic);
            return { topic, partition, errorCode: isRefused ? errorCode : 0, baseOffset: isRefused ? -1n : 0n };
          }),
        );
      const request = {
        leader,
        batches,
        topics: batches.map(({ topic }) => topic),
        values: messages.map(({ value }) => String(value)),
        messages,
        acknowledge: () => refuse(0),
        refuse,
        fail: reject,
      };
      requests.push(request);
      answer?.(request);
    }),
  disconnect: async () => undefined,
};

const aRecord = (value: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic: 'a',
  value: Buffer.from(value),
  headers: {},
  ...more,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A publisher that knows its topics, as after its first write. */
async function aReadyPublisher(more: Partial<PublisherLimits> = {}): Promise<KafkajsPublisher> {
  const ports = {
    account: 'account tester',
    access: { isRefused: false, refused: (topic: string) => refused.push(topic), allowed: () => undefined },
    reached: (isReached: boolean) => reached.push(isReached),
  };
  const publisher = new KafkajsPublisher(client, { ...limits, ...more }, ports);
  answer = (request) => request.acknowledge();
  await publisher.publish([aRecord('first'), aRecord('first', { topic: 'b' })]);
  answer = undefined;
  requests = [];
  reached = [];
  return publisher;
}

beforeEach(() => {
  requests = [];
  topics = { a: [1], b: [1] };
  answer = undefined;
  reached = [];
  refused = [];
  described = [];
});
afterEach(() => void vi.useRealTimers());

describe('group commit', () => {
  it('sends at once when it is idle', async () => {
    const publisher = await aReadyPublisher();
    const published = publisher.publish(aRecord('x'));
    await turn();
    expect(requests.map(({ values }) => values)).toEqual([['x']]);
    requests[0]?.acknowledge();
    await published;
  });

  it('shows what it has not finished: records, bytes and requests', async () => {
    const publisher = await aReadyPublisher();
    const published = publisher.publish([aRecord('x'), aRecord('y')]);
    const queued = publisher.load;
    await turn();
    const sent = publisher.load;
    requests[0]?.acknowledge();
    await published;
    await turn();
    expect([queued, sent, publisher.load]).toEqual([
      { records: 2, bytes: 66, requests: 0 },
      { records: 2, bytes: 66, requests: 1 },
      { records: 0, bytes: 0, requests: 0 },
    ]);
  });

  it('sends the records of calls made side by side in one request', async () => {
    const publisher = await aReadyPublisher();
    const published = Promise.all(['x', 'y', 'z'].map((value) => publisher.publish(aRecord(value))));
    await turn();
    expect(requests.map(({ values }) => values)).toEqual([['x', 'y', 'z']]);
    requests[0]?.acknowledge();
    await published;
  });

  it('gathers records beside a request in flight until they fill another request or it is answered', async () => {
    const publisher = await aReadyPublisher({ extraRequestRecordsMin: 3 });
    const published: Promise<void>[] = [];
    for (const value of ['alone', '1', '2', '3', '4']) {
      published.push(publisher.publish(aRecord(value)));
      await turn();
    }
    expect(requests.map(({ values }) => values)).toEqual([['alone'], ['1', '2', '3']]);
    requests[0]?.acknowledge();
    await turn();
    expect(requests.length).toBe(2);
    requests[1]?.acknowledge();
    await turn();
    expect(requests[2]?.values).toEqual(['4']);
    requests[2]?.acknowledge();
    await Promise.all(published);
  });

  it('sends nothing at the limit of requests in flight, and sends once one of them is answered', async () => {
    const publisher = await aReadyPublisher();
    const published: Promise<void>[] = [];
    for (const value of ['1', '2', '3', '4']) {
      published.push(publisher.publish(aRecord(value)));
      await turn();
    }
    expect(requests.map(({ values }) => values)).toEqual([['1'], ['2']]);
    requests[0]?.acknowledge();
    await turn();
    expect(requests.map(({ values }) => values)).toEqual([['1'], ['2'], ['3', '4']]);
    for (const request of requests) request.acknowledge();
    await Promise.all(published);
  });

  it('resolves a call when all of its records are acknowledged, not before', async () => {
    const publisher = await aReadyPublisher({ requestRecordsMax: 2 });
    let isDone = false;
    const published = publisher.publish(['1', '2', '3'].map((value) => aRecord(value))).then(() => {
      isDone = true;
    });
    await turn();
    requests[0]?.acknowledge();
    await turn();
    expect([requests.map(({ values }) => values), isDone]).toEqual([[['1', '2'], ['3']], false]);
    requests[1]?.acknowledge();
    await published;
  });

  it('sends the records without a key of one batch to one partition, and of the next batch to the next', async () => {
    const publisher = await aReadyPublisher();
    topics['c'] = [1, 1];
    answer = (request) => request.acknowledge();
    const partitions: (readonly number[])[] = [];
    for (let batch = 0; batch < 3; batch += 1) {
      await publisher.publish([aRecord('1', { topic: 'c' }), aRecord('2', { topic: 'c' })]);
      partitions.push((requests.at(-1)?.batches ?? []).map(({ partition }) => partition));
    }
    expect(partitions).toEqual([partitions[0], [1 - (partitions[0]?.[0] ?? 0)], partitions[0]]);
    expect(partitions[0]).toHaveLength(1);
  });

  it('goes on with one leader while a request to another is in flight', async () => {
    topics = { a: [1], b: [2] };
    const publisher = await aReadyPublisher({ requestsMax: 1 });
    const published = [publisher.publish(aRecord('hangs')), publisher.publish(aRecord('x', { topic: 'b' }))];
    await turn();
    requests[1]?.acknowledge();
    await published[1];
    published.push(publisher.publish(aRecord('waits')), publisher.publish(aRecord('y', { topic: 'b' })));
    await turn();
    expect(requests.map(({ leader, values }) => [leader, ...values])).toEqual([
      [1, 'hangs'],
      [2, 'x'],
      [2, 'y'],
    ]);
    answer = (request) => request.acknowledge();
    for (const request of requests) request.acknowledge();
    await Promise.all(published);
  });
});

describe('a refused record', () => {
  it('fails its whole call, before anything is sent, if it is too large', async () => {
    const publisher = await aReadyPublisher();
    const refused = publisher.publish([aRecord('small'), aRecord('x'.repeat(1_000))]);
    await expect(refused).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    expect(requests).toEqual([]);
  });

  it.each([
    ['MESSAGE_TOO_LARGE', 'RECORD_TOO_LARGE', { topic: 'a', limitedBy: 'topic' }],
    ['INVALID_RECORD', 'BROKER_UNAVAILABLE', { topic: 'a' }],
  ] as const)(
    'that the brokers answer with %s fails alone with %s; the rest of its batch is written',
    async (type, code, details) => {
      const publisher = await aReadyPublisher();
      answer = (request) => {
        if (request.values.includes('bad')) request.refuse(codes[type]);
        else request.acknowledge();
      };
      const outcomes = await Promise.allSettled(['1', 'bad', '3', '4', '5'].map((value) => publisher.publish(aRecord(value))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({ reason: { code, details } });
      expect(reached.every(Boolean)).toBe(true);
      expect(publisher.load.records).toBe(0);
    },
  );

  it('of a topic that the account may not write fails, and the access watch hears of it; the others are written', async () => {
    const publisher = await aReadyPublisher();
    answer = (request) => request.refuse(codes.TOPIC_AUTHORIZATION_FAILED, 'b');
    const outcomes = await Promise.allSettled([publisher.publish(aRecord('1')), publisher.publish(aRecord('2', { topic: 'b' }))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'BROKER_ACCESS_DENIED' } });
    expect([refused, requests.length]).toEqual([['b'], 1]);
  });

  it('of a deleted topic fails; the others of its batch are written once', async () => {
    const publisher = await aReadyPublisher();
    topics = { a: [1] };
    answer = (request) => request.refuse(codes.UNKNOWN_TOPIC_OR_PARTITION, 'b');
    const outcomes = await Promise.allSettled([publisher.publish(aRecord('1')), publisher.publish(aRecord('2', { topic: 'b' }))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'BROKER_UNAVAILABLE', details: { topic: 'b' } } });
    expect(requests.map(({ values }) => values)).toEqual([['1', '2']]);
  });

  it('follows its partition to the new leader', async () => {
    const publisher = await aReadyPublisher();
    topics = { a: [2] };
    answer = (request) => (request.leader === 1 ? request.refuse(codes.NOT_LEADER) : request.acknowledge());
    await publisher.publish(aRecord('1'));
    expect(requests.map(({ leader }) => leader)).toEqual([1, 2]);
  });

  it('waits while its partition has no leader', async () => {
    const publisher = await aReadyPublisher();
    topics = { a: [-1] };
    answer = (request) => {
      if (request.leader === 1) request.refuse(codes.NOT_LEADER);
      else request.acknowledge();
    };
    const published = publisher.publish(aRecord('1'));
    await turn();
    topics = { a: [2] };
    await published;
    expect(requests.map(({ leader }) => leader)).toEqual([1, 2]);
  });

  it('fails after the close, which waits for the records taken before', async () => {
    const publisher = await aReadyPublisher();
    const published = publisher.publish(aRecord('x'));
    let isClosed = false;
    const closing = publisher.close().then(() => (isClosed = true));
    await expect(publisher.publish(aRecord('y'))).rejects.toMatchObject({ code: 'PUBLISHER_CLOSED' });
    await turn();
    expect(isClosed).toBe(false);
    requests[0]?.acknowledge();
    await Promise.all([published, closing]);
  });
});

describe('the timeout of a call', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  it('fails records on the way and in the queue while the brokers do not answer', async () => {
    const publisher = await aReadyPublisher();
    const calls: Promise<unknown>[] = [];
    for (const value of ['1', '2', '3']) {
      calls.push(publisher.publish(aRecord(value)).catch((error: unknown) => error));
      await turn();
    }
    await vi.advanceTimersByTimeAsync(limits.timeoutMs + 5);
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE', retryable: true });
    expect(reached.at(-1)).toBe(false);
    // The records of a failed call are not sent any more.
    requests[0]?.acknowledge();
    requests[1]?.acknowledge();
    await turn();
    expect(requests.map(({ values }) => values)).toEqual([['1'], ['2']]);
  });

  it('fails a call without room as saturated, and room becomes free again', async () => {
    const publisher = await aReadyPublisher({ queueRecordsMax: 2 });
    const [first, second, third] = ['1', '2', '3'].map((value) =>
      publisher.publish(aRecord(value)).catch((error: unknown) => error),
    );
    await turn();
    await vi.advanceTimersByTimeAsync(limits.timeoutMs + 5);
    expect(await third).toMatchObject({ code: 'PUBLISHER_SATURATED', retryable: true });
    await Promise.all([first, second]);
    requests[0]?.acknowledge();
    await turn();
    const next = publisher.publish(aRecord('4'));
    await turn();
    requests[1]?.acknowledge();
    await next;
    expect(requests.map(({ values }) => values)).toEqual([['1', '2'], ['4']]);
  });

  it('does not fail a call that gets room in time', async () => {
    const publisher = await aReadyPublisher({ queueRecordsMax: 2 });
    const published = ['1', '2', '3'].map((value) => publisher.publish(aRecord(value)));
    await turn();
    expect(requests.map(({ values }) => values)).toEqual([['1', '2']]);
    requests[0]?.acknowledge();
    await turn();
    requests[1]?.acknowledge();
    await Promise.all(published);
    expect(requests[1]?.values).toEqual(['3']);
  });

  it('tells why its records were not written', async () => {
    const publisher = await aReadyPublisher();
    answer = (request) => (requests.length > 1 ? undefined : request.fail(new Error('connection lost')));
    const failure = publisher.publish(aRecord('1')).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(limits.timeoutMs + 5);
    expect(await failure).toMatchObject({ code: 'BROKER_UNAVAILABLE', details: { reason: 'connection lost' } });
    // One leader that does not answer is not the whole cluster; nothing was acknowledged here.
    expect(reached).toEqual([false]);
  });

  it('sends queued records to the new leader of their partition while the old one owes an answer', async () => {
    const publisher = await aReadyPublisher({ requestsMax: 1 });
    const first = publisher.publish(aRecord('sent')).catch(() => undefined);
    await turn();
    const second = publisher.publish(aRecord('queued'));
    topics = { a: [2], b: [1] };
    answer = (request) => request.acknowledge();
    await vi.advanceTimersByTimeAsync(limits.timeoutMs / 2);
    await second;
    expect(requests.map(({ leader, values }) => [leader, ...values])).toEqual([
      [1, 'sent'],
      [2, 'queued'],
    ]);
    requests[0]?.acknowledge();
    await first;
  });

  it('never asks for all topics of the cluster, although its own are gone and a leader is overdue', async () => {
    const publisher = await aReadyPublisher();
    const published = publisher.publish(aRecord('1')).catch(() => undefined);
    topics = {};
    described = [];
    await vi.advanceTimersByTimeAsync(limits.timeoutMs + 5);
    await published;
    expect(described).toEqual([['a', 'b']]);
  });
});

describe('the distance of requests', () => {
  /** Publishes a record each millisecond. */
  async function publishFor(publisher: KafkajsPublisher, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1) {
      void publisher.publish(aRecord('x'));
      await vi.advanceTimersByTimeAsync(1);
    }
  }
  const distance20 = { leastMs: 20, mostMs: 20, fullRecords: 64 };
  const sizes = () => requests.map(({ values }) => values.length);

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is kept while many records come, and not before or after', async () => {
    const publisher = await aReadyPublisher({ pace: distance20 });
    answer = (request) => request.acknowledge();
    await publishFor(publisher, 100);
    expect(new Set(sizes())).toEqual(new Set([1]));
    requests = [];
    await publishFor(publisher, 100);
    expect(sizes().slice(2)).toEqual([20, 20, 20, 20]);
    await vi.advanceTimersByTimeAsync(1_000);
    requests = [];
    await publisher.publish(aRecord('after a pause'));
    expect(sizes()).toEqual([1]);
  });

  it('is not kept by a full request', async () => {
    const publisher = await aReadyPublisher({ pace: distance20, batchBytesMax: 10_000, requestBytesMax: 10_000 });
    answer = (request) => request.acknowledge();
    await publishFor(publisher, 101);
    requests = [];
    await publisher.publish(Array.from({ length: 64 }, () => aRecord('x')));
    expect(sizes()).toEqual([64]);
  });

  it('holds back no other broker', async () => {
    topics = { a: [1], b: [2] };
    const publisher = await aReadyPublisher({ pace: distance20 });
    answer = (request) => request.acknowledge();
    await publishFor(publisher, 101);
    requests = [];
    void publisher.publish(aRecord('x'));
    await publisher.publish(aRecord('y', { topic: 'b' }));
    expect(requests.map(({ leader }) => leader)).toEqual([2]);
    await vi.advanceTimersByTimeAsync(20);
    expect(requests.map(({ leader }) => leader)).toEqual([2, 1]);
  });
});
