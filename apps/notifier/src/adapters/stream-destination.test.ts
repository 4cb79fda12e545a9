/**
 * Goal: a notification lands on the topic its stream leads to, and on none once the stream is gone.
 * Method: the in-memory broker.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { type PlaceDocument, PlatformError, Topics } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { aSettlement, builtAt } from '#testing';
import { FailingPublisher } from '../../testing/failing-publisher.ts';
import { destinationConformance } from '../destination.conformance.ts';
import { notificationOf } from '../notification-of.ts';
import { StreamDestination } from './stream-destination.ts';
import { UserTopics } from './user-topics.ts';

const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
const place = (name: string, topic?: string): PlaceDocument => ({
  kind: 'place',
  type: 'DIS',
  project: 'p1',
  name,
  createdAt: builtAt,
  ...(topic === undefined ? {} : { topic }),
});

/** The parts of a cluster that a stream uses. */
interface Kafka {
  readonly admin: Pick<MemoryKafka['admin'], 'ensureTopics'>;
  readonly publisher: Pick<MemoryKafka['publisher'], 'publish'>;
}

function streamOver({ admin, publisher }: Kafka, ...places: readonly PlaceDocument[]): StreamDestination {
  const registry = {
    place: (project: string, type: 'OBS' | 'DIS', name: string) =>
      places.find((one) => one.project === project && one.type === type && one.name === name),
  };
  return new StreamDestination(new UserTopics(admin, publisher, 2), registry, new Topics('s.'));
}

const texts = (kafka: MemoryKafka, topic: string) => kafka.records(topic).map(({ value }) => String(value));

destinationConformance('a stream', async () => {
  const kafka = new MemoryKafka();
  const publisher = new FailingPublisher(kafka.publisher);
  let ensureTopics: Kafka['admin']['ensureTopics'] = (specs) => kafka.admin.ensureTopics(specs);
  return {
    destination: streamOver({ admin: { ensureTopics: (specs) => ensureTopics(specs) }, publisher }, place('orders')),
    target: { type: 'DIS', streamName: 'orders' } as const,
    refusing: { type: 'DIS', streamName: 'gone' } as const,
    keepsCopies: true,
    received: async () => ((await kafka.admin.list()).includes('s.stream.orders') ? texts(kafka, 's.stream.orders') : []),
    hang: () => {
      ensureTopics = () => new Promise(() => undefined);
    },
    failures: {
      ...publisher.failures,
      'its topic cannot be created': () => {
        ensureTopics = () => Promise.reject(new PlatformError('BROKER_UNAVAILABLE'));
      },
    },
    secrets: [],
    close: () => kafka.close(),
  };
});

describe('a stream', () => {
  let kafka: MemoryKafka;
  beforeEach(() => {
    kafka = new MemoryKafka();
  });
  const told = (stream: StreamDestination, streamName: string) =>
    stream.deliver(notification, { type: 'DIS', streamName }, new AbortController().signal);

  it('leads to the topic it was given, keyed by the request id, with the headers of a CloudEvent', async () => {
    const { kind } = await told(streamOver(kafka, place('orders', 'shop.orders')), 'orders');
    const [record] = kafka.records('shop.orders');
    expect([kind, record?.key]).toEqual(['delivered', notification.id]);
    expect(record?.headers).toMatchObject({ 'content-type': 'application/json', ce_id: notification.id, ce_specversion: '1.0' });
  });

  it('that is gone, or another project has, is refused, and no topic is made', async () => {
    const stream = streamOver(kafka, { ...place('orders'), project: 'p2' });
    expect(await told(stream, 'orders')).toEqual({ kind: 'refused', reason: 'stream orders does not exist any more' });
    expect(await kafka.admin.list()).not.toContain('s.stream.orders');
  });

  it('has its topic made again where somebody removed it', async () => {
    const emptied = new MemoryKafka();
    let now = kafka;
    const admin: Kafka['admin'] = { ensureTopics: (specs) => now.admin.ensureTopics(specs) };
    const publisher: Kafka['publisher'] = { publish: (records) => now.publisher.publish(records) };
    const stream = streamOver({ admin, publisher }, place('orders'));
    expect(await told(stream, 'orders')).toMatchObject({ kind: 'delivered' });
    now = emptied;
    expect(await told(stream, 'orders')).toMatchObject({ kind: 'deferred' });
    expect(await told(stream, 'orders')).toMatchObject({ kind: 'delivered' });
    expect(texts(emptied, 's.stream.orders')).toHaveLength(1);
  });

  it('is tried again later while the brokers are away', async () => {
    kafka.setReachable(false);
    expect(await told(streamOver(kafka, place('orders')), 'orders')).toMatchObject({ kind: 'deferred', isOfBrokers: true });
  });
});
