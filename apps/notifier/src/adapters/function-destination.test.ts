/**
 * Goal: a function is started by a notification once, and what the Kafka door would turn away
 * unheard is said of the delivery. Method: a registry over the in-memory broker; the record on the
 * intake topic is looked at.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Topics } from '#contracts';
import { topicSpecs } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import { type Change, Registry, RegistryWriter } from '#registry';
import { aFunction, anInvocation, aSettlement, builtAt, testSigner, testVerifier } from '#testing';
import { FailingPublisher } from '../../testing/failing-publisher.ts';
import { destinationConformance } from '../destination.conformance.ts';
import { notificationOf } from '../notification-of.ts';
import { ChainedInvocations } from './chained-invocations.ts';
import { FunctionDestination } from './function-destination.ts';

const other = aFunction({ urn: 'urn:fss:local:p1:function:default:other', name: 'other' });
const target = (qualifier = 'latest') => ({ type: 'FunctionGraph', functionUrn: `${other.urn}:${qualifier}` }) as const;
const settlement = aSettlement({ invocation: anInvocation({ hops: 2 }) });
const notification = notificationOf({ kind: 'settled', settlement }, 'rfc3339');

class Rig {
  private constructor(
    readonly kafka: MemoryKafka,
    readonly destination: FunctionDestination,
    readonly publisher: FailingPublisher,
    readonly write: (...changes: Change[]) => Promise<void>,
    readonly close: () => Promise<void>,
  ) {}

  static async open(): Promise<Rig> {
    const topics = new Topics('s.');
    const kafka = new MemoryKafka({ topics });
    await kafka.admin.ensureTopics(topicSpecs(topics, 1));
    const registry = new Registry({ gateway: kafka, verifier: testVerifier });
    await registry.start();
    const publisher = new FailingPublisher(kafka.publisher);
    const writer = new RegistryWriter({ registry, gateway: kafka, signer: testSigner });
    const chained = new ChainedInvocations({ publisher, registry, topics, region: 'local' });
    const close = async () => registry.close();
    const write = (...changes: Change[]) => writer.mutate(() => ({ changes }));
    return new Rig(kafka, new FunctionDestination(chained), publisher, write, close);
  }

  get arrivals() {
    return this.kafka.records('s.intake');
  }
}

const open = async () => {
  const rig = await Rig.open();
  await rig.write(other);
  return rig;
};

destinationConformance('a function', async () => {
  const rig = await open();
  return {
    destination: rig.destination,
    target: target(),
    refusing: target('v9'),
    keepsCopies: true,
    received: async () => rig.arrivals.map(({ value }) => String(value)),
    hang: rig.publisher.hang,
    failures: rig.publisher.failures,
    secrets: [],
    close: rig.close,
  };
});

describe('a function that is told', () => {
  let rig: Rig;
  const tell = (to = target()) => rig.destination.deliver(notification, to, new AbortController().signal);
  beforeEach(async () => {
    rig = await open();
  });
  afterEach(async () => rig.close());

  it('runs one hop further, and once however often it is told', async () => {
    await tell();
    await tell();
    const [first, second] = rig.arrivals;
    expect(first?.headers).toMatchObject({
      'sendoff-function': target().functionUrn,
      'sendoff-project': 'p1',
      'sendoff-hops': '3',
    });
    expect(first?.headers['sendoff-request-id']).not.toBe(notification.id);
    expect(second?.headers['sendoff-request-id']).toBe(first?.headers['sendoff-request-id']);
  });

  it('may be an alias', async () => {
    expect(await tell(target('!prod'))).toMatchObject({ kind: 'refused' });
    const alias = { kind: 'alias', urn: `${other.urn}:!prod`, project: 'p1', name: 'prod', version: 'latest' } as const;
    await rig.write({ ...alias, description: '', createdAt: builtAt, modifiedAt: builtAt });
    expect(await tell(target('!prod'))).toMatchObject({ kind: 'delivered' });
  });

  it('is told later where it is disabled, for it may be enabled again', async () => {
    await rig.write({ ...other, instancesMax: 0 });
    expect(await tell()).toEqual({ kind: 'deferred', reason: `function ${other.urn}:latest is disabled` });
    expect(rig.arrivals).toEqual([]);
    await rig.write(other);
    expect(await tell()).toMatchObject({ kind: 'delivered' });
  });
});
