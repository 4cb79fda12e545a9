/**
 * Goal: an attempt runs the function at the version its invocation names. Method: attempts over a
 * real registry and the in-memory broker, with a runtime that records its calls.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeInvocation, type FunctionDocument, type IncomingRecord, parseFunctionUrn } from '#contracts';
import { topicSpecs } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import { Cancellations, untraced } from '#platform';
import { type Change, Registry, RegistryWriter } from '#registry';
import { aFunction, anInvocation, inHand, ManualClock, testSigner, testVerifier } from '#testing';
import { inRecords } from '../testing/payloads.ts';
import { AttemptQueue } from './attempt-queue.ts';
import { Attempts } from './attempts.ts';
import { Chances } from './chances.ts';
import { RunnableFunctions } from './runnable-functions.ts';
import { RunningAttempts } from './running-attempts.ts';
import type { FunctionCall, Runtime } from './runtime.ts';

const bareUrn = aFunction().urn;
let kafka: MemoryKafka;
let registry: Registry;
let calls: FunctionCall[];
let isRegistrySeen: boolean;
let attempts: Attempts;

beforeEach(async () => {
  kafka = new MemoryKafka();
  await kafka.admin.ensureTopics(topicSpecs(kafka.topics, 1));
  registry = new Registry({ gateway: kafka, verifier: testVerifier });
  await registry.start();
  calls = [];
  isRegistrySeen = true;
  const runtime: Runtime = {
    callsMax: () => 10,
    run: async (call) => {
      calls.push(call);
      return { kind: 'succeeded', responsePayload: Buffer.from('1') };
    },
    close: async () => undefined,
  };
  const lookUp = (urn: string) => {
    const parsed = parseFunctionUrn(urn, { region: '', project: '' });
    return parsed === undefined ? undefined : registry.versionByUrn(parsed);
  };
  attempts = new Attempts({
    publisher: kafka.publisher,
    topics: kafka.topics,
    functions: new RunnableFunctions({
      runtimes: { files: runtime, url: runtime },
      functionOf: (urn) => (isRegistrySeen ? lookUp(urn) : undefined),
      pausedSince: () => undefined,
      catchUp: async () => {
        await registry.caughtUp(1_000);
        isRegistrySeen = true;
      },
      attemptsMax: 10,
      shareOf: (_functionUrn, instancesMax) => instancesMax,
    }),
    queue: new AttemptQueue(10, new ManualClock()),
    running: new RunningAttempts(new Cancellations()),
    chances: new Chances({ runningMaxOf: () => 2, deathsMax: 3, clock: new ManualClock() }),
    clock: new ManualClock(),
    random: () => 0,
    tracing: untraced,
    observer: { attempted: () => undefined, started: () => undefined, overflowed: () => undefined },
    stored: inRecords,
    limits: { expressQueueMax: 10, expressBytesMax: 1_000_000 },
  });
});
afterEach(async () => registry.close());

const write = async (...changes: Change[]) =>
  new RegistryWriter({ registry, gateway: kafka, signer: testSigner }).mutate(() => ({ changes }));
const version = (name: string, fn: FunctionDocument) => ({
  kind: 'version' as const,
  urn: `${bareUrn}:${name}`,
  project: 'p1',
  version: name,
  description: '',
  function: { ...fn, version: name },
  publishedAt: fn.createdAt,
});
const take = async (given: Parameters<typeof anInvocation>[0]) => {
  const record = encodeInvocation(kafka.topics.name('invocations'), anInvocation(given));
  await attempts.take('express', record as unknown as IncomingRecord, inHand());
  const settlements = kafka.records(kafka.topics.name('settlements')).map(({ headers }) => headers);
  return settlements.find((headers) => headers['request-id'] === record.headers['request-id']);
};

describe('Attempts', () => {
  it('runs the version that the invocation names, and passes the alias on', async () => {
    await write(aFunction({ memoryMb: 512 }), version('v1', aFunction({ memoryMb: 256 })));
    await take({ requestId: 'a', functionUrn: `${bareUrn}:v1`, alias: 'prod' });
    await take({ requestId: 'b', functionUrn: `${bareUrn}:v1` });
    await take({ requestId: 'c', functionUrn: `${bareUrn}:latest` });
    expect(calls.map(({ function: fn, qualifier }) => [fn.version, fn.memoryMb, qualifier])).toEqual([
      ['v1', 256, '!prod'],
      ['v1', 256, 'v1'],
      [undefined, 512, 'latest'],
    ]);
  });

  it('writes version and alias to the settlement', async () => {
    await write(aFunction(), version('v1', aFunction()));
    expect(await take({ functionUrn: `${bareUrn}:v1`, alias: 'prod' })).toMatchObject({
      'function-urn': `${bareUrn}:v1`,
      alias: 'prod',
      condition: '',
    });
  });

  it('waits for the registry if it does not know the function yet', async () => {
    await write(aFunction());
    isRegistrySeen = false;
    expect(await take({})).toMatchObject({ condition: '' });
  });

  it.each([
    ['function', 'latest', async (id: string) => write(aFunction({ id }))],
    [
      'version',
      'v1',
      async (versionId: string) => write(aFunction({ id: 'fn-1' }), version('v1', aFunction({ id: 'fn-1', versionId }))),
    ],
  ])('does not run an event on another %s under the same name: it settles as if there were none', async (_kind, name, make) => {
    const functionUrn = `${bareUrn}:${name}`;
    await make('old');
    expect(await take({ requestId: 'before', functionUrn, functionId: 'old' })).toMatchObject({ condition: '' });
    await make('new');
    expect(await take({ requestId: 'old-event', functionUrn, functionId: 'old' })).toMatchObject({
      condition: 'SystemError',
      attempts: '0',
      'error-message': 'the function does not exist any more',
    });
    expect(await take({ requestId: 'new-event', functionUrn, functionId: 'new' })).toMatchObject({ condition: '' });
    expect(await take({ requestId: 'of-an-earlier-release', functionUrn })).toMatchObject({ condition: '' });
    // A producer may use a request id again for the new function.
    await take({ requestId: 'before', functionUrn, functionId: 'new' });
    expect(calls.map(({ requestId }) => requestId)).toEqual(['before', 'new-event', 'of-an-earlier-release', 'before']);
  });

  it('settles the invocation without a run if its version does not exist any more', async () => {
    await write(aFunction());
    expect(await take({ functionUrn: `${bareUrn}:v1` })).toMatchObject({
      condition: 'SystemError',
      attempts: '0',
      'error-message': 'the function does not exist any more',
    });
    expect(calls).toEqual([]);
  });
});
