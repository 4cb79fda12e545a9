/**
 * Goal: group commit, refused records and timeouts. Method: a fake producer that the test answers.
 * The conformance suite checks that the real producer takes such batches.
 */
import type { Producer, ProducerBatch } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OutgoingRecord } from '#contracts';
import { KafkajsPublisher, type PublisherLimits } from './kafkajs-publisher.ts';
import type { BatchedMessage } from './publisher-queue.ts';

interface Request {
  readonly topics: readonly string[];
  readonly values: readonly string[];
  readonly messages: readonly BatchedMessage[];
  readonly acknowledge: () => void;
  readonly fail: (error: unknown) => void;
}

const limits: PublisherLimits = {
  timeoutMs: 5_000,
  requestsMax: 2,
  extraRequestRecordsMin: 1,
  batchBytesMax: 1_000,
  requestBytesMax: 2_000,
  requestRecordsMax: 100,
  givingWayRecordsMax: 2,
  queueBytesMax: 10_000,
  queueRecordsMax: 100,
  recordBytesMax: 900,
};

let requests: Request[];
let topics: string[];
let producers: number;
let answer: ((request: Request) => void) | undefined;
let reached: boolean[];

function aProducer(): Producer {
  producers += 1;
  return {
    sendBatch: ({ topicMessages = [] }: ProducerBatch) =>
      new Promise((resolve, reject) => {
        const messages = topicMessages.flatMap((one) => one.messages);
        const request = {
          topics: topicMessages.map(({ topic }) => topic),
          values: messages.map(({ value }) => String(value)),
          messages,
          acknowledge: () => resolve([]),
          fail: reject,
        };
        requests.push(request);
        answer?.(request);
      }),
    disconnect: () => Promise.resolve(),
  } as unknown as Producer;
}

const aRecord = (value: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic: 'a',
  value: Buffer.from(value),
  headers: {},
  ...more,
});
const brokerError = (type: string) => Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A publisher that knows its topics, as after its first write. */
async function aReadyPublisher(more: Partial<PublisherLimits> = {}): Promise<KafkajsPublisher> {
  const ports = {
    newProducer: () => Promise.resolve(aProducer()),
    listTopics: () => Promise.resolve(topics),
    checkAccess: async () => undefined,
    account: 'account tester',
    access: { isRefused: false, refused: () => undefined, allowed: () => undefined },
    reached: (isReached: boolean) => reached.push(isReached),
  };
  const publisher = new KafkajsPublisher(aProducer(), { ...limits, ...more }, ports);
  answer = (request) => request.acknowledge();
  await publisher.publish([aRecord('first'), aRecord('first', { topic: 'b' })]);
  answer = undefined;
  requests = [];
  reached = [];
  return publisher;
}

beforeEach(() => {
  requests = [];
  topics = ['a', 'b'];
  producers = 0;
  answer = undefined;
  reached = [];
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

  it('gives records without a key the number of their batch', async () => {
    const publisher = await aReadyPublisher();
    void publisher.publish([aRecord('1'), aRecord('2'), aRecord('3', { key: 'k' }), aRecord('4', { partition: 0 })]);
    await turn();
    void publisher.publish(aRecord('5'));
    await turn();
    const [first, second] = requests.map(({ messages }) => messages.map((message) => message.batchNumber));
    expect(first).toEqual([first?.[0], first?.[0], undefined, undefined]);
    expect(second).toEqual([(first?.[0] ?? 0) + 1]);
    for (const request of requests) request.acknowledge();
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
    ['MESSAGE_TOO_LARGE', 'RECORD_TOO_LARGE'],
    ['INVALID_RECORD', 'BROKER_UNAVAILABLE'],
  ])('that the brokers answer with %s fails alone with %s; the rest of its batch is written', async (type, code) => {
    const publisher = await aReadyPublisher();
    answer = (request) => {
      if (request.values.includes('bad')) request.fail(brokerError(type));
      else request.acknowledge();
    };
    const outcomes = await Promise.allSettled(['1', 'bad', '3', '4', '5'].map((value) => publisher.publish(aRecord(value))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code } });
    expect(reached.every(Boolean)).toBe(true);
  });

  it('of a deleted topic fails; a new producer sends the others', async () => {
    const publisher = await aReadyPublisher();
    topics = ['a'];
    answer = (request) => {
      if (request.topics.includes('b')) request.fail(brokerError('UNKNOWN_TOPIC_OR_PARTITION'));
      else request.acknowledge();
    };
    const outcomes = await Promise.allSettled([publisher.publish(aRecord('1')), publisher.publish(aRecord('2', { topic: 'b' }))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'BROKER_UNAVAILABLE', details: { topic: 'b' } } });
    expect(producers).toBe(2);
  });

  it.each([
    [1, 'fulfilled', 2],
    [2, 'rejected', 3],
  ])(
    'is sent again if a topic of an earlier batch was deleted: after %i errors it is %s',
    async (errors, status, producersMade) => {
      const publisher = await aReadyPublisher();
      answer = (request) =>
        requests.length > errors ? request.acknowledge() : request.fail(brokerError('UNKNOWN_TOPIC_OR_PARTITION'));
      const [outcome] = await Promise.allSettled([publisher.publish(aRecord('1'))]);
      expect([outcome.status, producers]).toEqual([status, producersMade]);
    },
  );

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
});
