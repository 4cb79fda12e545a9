/**
 * Goal: whoever can write the registry topic, but has no signing key, changes nothing. Method: the
 * in-memory broker, and records as such a writer makes them: of its own, or copied from the topic.
 */
import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CredentialDocument,
  epochMs,
  type IncomingRecord,
  type OutgoingRecord,
  type RegistryDocument,
  registryHeader,
  Topics,
} from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { Signer, Verifier } from '#platform';
import { eventually, ManualClock, testSigner, testVerifier } from '#testing';
import { signedRecord } from './document-signature.ts';
import { Registry } from './registry.ts';
import { RegistryKeeper } from './registry-keeper.ts';
import { type Change, RegistryWriter } from './registry-writer.ts';
import { signRegistry } from './sign-registry.ts';

const topic = 'sendoff.registry';
const key = 'credential/AK';
const limited: CredentialDocument = {
  kind: 'credential',
  accessKey: 'AK',
  project: 'p1',
  description: '',
  rights: ['invoke'],
  functions: ['mine-*'],
  isEnabled: true,
  secret: 'v2.sealed',
  createdAt: epochMs(0),
};
const other: CredentialDocument = { ...limited, accessKey: 'OTHER', functions: ['*'] };
const revoked: CredentialDocument = { ...limited, isEnabled: false };

let kafka: MemoryKafka;
let registry: Registry;
let metrics: Metrics;
let warnings: Readonly<Record<string, unknown>>[];
let nowMs: number;
const open: Registry[] = [];

async function aRegistry(gateway = kafka, verifier = testVerifier): Promise<Registry> {
  const one = new Registry({ gateway, verifier });
  open.push(one);
  await one.start();
  return one;
}

beforeEach(async () => {
  kafka = new MemoryKafka();
  metrics = new Metrics();
  warnings = [];
  nowMs = 0;
  registry = new Registry({
    gateway: kafka,
    verifier: testVerifier,
    metrics,
    warn: (_message, details) => warnings.push(details),
    now: () => nowMs,
  });
  open.push(registry);
  await registry.start();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const write = async (...changes: Change[]) =>
  new RegistryWriter({ registry, gateway: kafka, signer: testSigner }).mutate(() => ({ changes }));
const records = () => kafka.records(topic);
const last = () => records().at(-1) ?? expect.fail('the topic is empty');
const again = ({ value, headers, ...record }: IncomingRecord): OutgoingRecord => ({
  topic,
  key: record.key ?? '',
  value,
  headers,
});

async function put(...forged: OutgoingRecord[]): Promise<void> {
  await kafka.publisher.publish(forged);
  await registry.caughtUp(1_000);
}

async function refusals(): Promise<Readonly<Record<string, number>>> {
  const metric = await metrics.getSingleMetric('sendoff_registry_documents_refused_total')?.get();
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels['reason']), value]));
}

/** A broker that holds what compaction leaves of the topic: the last record of each key. */
async function compacted(): Promise<MemoryKafka> {
  const rest = new MemoryKafka();
  const kept = [...new Map(records().map((record) => [record.key, record])).values()].filter(({ value }) => value !== null);
  if (kept.length > 0) await rest.publisher.publish(kept.map(again));
  return rest;
}

const forgery = { ...limited, rights: ['invoke', 'read', 'manage'], functions: ['*'] };
const forged = (document: object, headers: OutgoingRecord['headers'] = {}, under = key): OutgoingRecord => ({
  topic,
  key: under,
  value: Buffer.from(JSON.stringify(document)),
  headers,
});
const signedBy = (signer: Signer, document: object, version?: string) => {
  const content = { topic, key, value: Buffer.from(JSON.stringify(document)), sequence: 9 };
  const bytes = Buffer.concat([
    Buffer.from(`${JSON.stringify([topic, key, 9, ...(version === undefined ? [] : [version])])}\n`),
    content.value,
  ]);
  const signature = signer.sign('registry document', bytes).toString('base64url');
  const named: Record<string, string> = version === undefined ? {} : { 'format-version': version };
  return forged(document, { ...named, [registryHeader.sequence]: '9', [registryHeader.signature]: signature });
};

describe('a document that an ingress of a newer release has signed', () => {
  const ofNewer = () => signedBy(testSigner, { kind: 'a kind of the newer release' }, '2');

  it('is not refused: the copy stands still before it, and its process counts as outdated', async () => {
    await write(other, limited);
    await kafka.publisher.publish([ofNewer(), ...records().map(again)]);
    await expect(registry.caughtUp(1_000)).rejects.toMatchObject({ code: 'REGISTRY_BEHIND' });
    expect([registry.credential('AK'), await refusals(), kafka.isOutdated]).toEqual([limited, {}, true]);
    expect(kafka.keptRecords()).toMatchObject([{ topic, offset: 2n }]);
  });

  it('prevents a start, and the signing of the registry', async () => {
    await kafka.publisher.publish(ofNewer());
    await expect(aRegistry(kafka.beside())).rejects.toMatchObject({ code: 'RECORD_TOO_NEW' });
    const signing = {
      gateway: kafka.beside(),
      signer: testSigner,
      verifier: testVerifier,
      renew: (one: RegistryDocument) => one,
    };
    await expect(signRegistry(signing)).rejects.toMatchObject({ code: 'RECORD_TOO_NEW' });
  });
});

describe('a document that the ingress has not signed', () => {
  beforeEach(async () => write(other, limited));

  it.each<[what: string, reason: string, record: () => OutgoingRecord]>([
    ['without a signature', 'unsigned', () => forged(forgery)],
    ['with the signature of another document', 'forged', () => forged(forgery, last().headers)],
    ['with a signature of no key', 'forged', () => forged(forgery, { ...last().headers, [registryHeader.signature]: 'AAAA' })],
    ['signed with a key of the forger', 'forged', () => signedBy(new Signer('the forger'.repeat(4)), forgery)],
    [
      'with a higher sequence number',
      'forged',
      () => ({ ...again(last()), headers: { ...last().headers, [registryHeader.sequence]: '2' } }),
    ],
    [
      'with a sequence number that is no number',
      'forged',
      () => ({ ...again(last()), headers: { ...last().headers, [registryHeader.sequence]: '1e3' } }),
    ],
    [
      'that says to be of a newer release',
      'forged',
      () => ({ ...again(last()), headers: { ...last().headers, 'format-version': '2' } }),
    ],
    ['copied from the key of another document', 'forged', () => ({ ...again(records()[0] ?? last()), key })],
    ['of another project', 'forged', () => forged({ ...limited, project: 'p2' }, last().headers)],
    ['that is a tombstone', 'unsigned', () => ({ topic, key, value: null, headers: {} })],
    ['that is a tombstone with a signature', 'unsigned', () => ({ topic, key, value: null, headers: last().headers })],
    ['that is a deletion', 'forged', () => forged({ kind: 'deletion' }, last().headers)],
  ])('does not count: %s', async (_what, reason, record) => {
    await put(record());
    expect(registry.credential('AK')).toEqual(limited);
    expect(await refusals()).toEqual({ [reason]: 1 });
    expect(warnings).toMatchObject([{ key, reason }]);
    expect((await aRegistry()).credential('AK')).toEqual(limited);
  });

  it('does not count under a new key', async () => {
    await put(forged({ ...forgery, accessKey: 'NEW' }, {}, 'credential/NEW'));
    expect(registry.credential('NEW')).toBeUndefined();
  });

  it('does not count when it comes from the topic of another installation', async () => {
    const elsewhere = new MemoryKafka({ topics: new Topics('elsewhere.') });
    const record = { ...again(last()), topic: 'elsewhere.registry' };
    await elsewhere.publisher.publish(record);
    expect((await aRegistry(elsewhere)).credential('AK')).toBeUndefined();
  });

  it('is logged once a minute for each key', async () => {
    await put(...Array.from({ length: 5 }, () => forged(forgery)));
    nowMs = 59_999;
    await put(forged(forgery));
    expect(warnings.length).toBe(1);
    nowMs = 60_000;
    await put(forged(forgery));
    expect(warnings.length).toBe(2);
    expect(await refusals()).toEqual({ unsigned: 7 });
  });

  it('is logged for at most 100 keys a minute', async () => {
    await put(...Array.from({ length: 300 }, (_, index) => forged(forgery, {}, `credential/${index}`)));
    expect(warnings.length).toBe(100);
    expect(await refusals()).toEqual({ unsigned: 300 });
  });
});

describe('an older document', () => {
  it('does not revive a key that was revoked', async () => {
    await write(limited);
    const before = last();
    await write(revoked);
    await put(again(before));
    expect(registry.credential('AK')?.isEnabled).toBe(false);
    expect(await refusals()).toEqual({ replayed: 1 });
    expect((await aRegistry()).credential('AK')?.isEnabled).toBe(false);
  });

  it('does not revive a key that was deleted, after compaction neither', async () => {
    await write(limited);
    const before = last();
    await write({ delete: key });
    const rest = await compacted();
    await rest.publisher.publish(again(before));
    await put(again(before));
    expect(registry.credential('AK')).toBeUndefined();
    expect((await aRegistry(rest)).credential('AK')).toBeUndefined();
  });

  it('that is a deletion does not delete a document that was created again', async () => {
    await write(limited);
    await write({ delete: key });
    const deletion = last();
    await write(limited);
    await put(again(deletion));
    expect(registry.credential('AK')).toEqual(limited);
  });

  it('that is the one in force changes nothing, and is not refused', async () => {
    await write(limited);
    await put(again(last()));
    expect(registry.credential('AK')).toEqual(limited);
    expect(await refusals()).toEqual({});
  });
});

describe('two processes that write the same document at the same time', () => {
  it('both take effect, one after the other, because the second checks again', async () => {
    const writers = [];
    for (let index = 0; index < 4; index++)
      writers.push(new RegistryWriter({ registry: await aRegistry(), gateway: kafka, signer: testSigner }));
    await write(limited);
    const add = (view: Registry, name: string) => {
      const before = view.credential('AK') ?? limited;
      return { changes: [{ ...before, functions: [...before.functions, name] }] };
    };
    await Promise.all(writers.map((writer, index) => writer.mutate((view) => add(view, `f${index}`))));
    expect(new Set(registry.credential('AK')?.functions)).toEqual(new Set(['mine-*', 'f0', 'f1', 'f2', 'f3']));
  });

  it('check again, too, when their changes delete a document that does not exist', async () => {
    const writers = [];
    for (let index = 0; index < 2; index++)
      writers.push(new RegistryWriter({ registry: await aRegistry(), gateway: kafka, signer: testSigner }));
    await write(limited);
    const add = (view: Registry, name: string) => {
      const before = view.credential('AK') ?? limited;
      return { changes: [{ ...before, functions: [...before.functions, name] }, { delete: 'credential/nobody' }] };
    };
    await Promise.all(writers.map((writer, index) => writer.mutate((view) => add(view, `f${index}`))));
    expect(new Set(registry.credential('AK')?.functions)).toEqual(new Set(['mine-*', 'f0', 'f1']));
  });

  it('create it once', async () => {
    const one = new RegistryWriter({ registry: await aRegistry(), gateway: kafka, signer: testSigner });
    const two = new RegistryWriter({ registry: await aRegistry(), gateway: kafka, signer: testSigner });
    const create = (description: string) => (view: Registry) => {
      if (view.credential('AK') !== undefined) throw new Error('it exists');
      return { changes: [{ ...limited, description }] };
    };
    const results = await Promise.allSettled([one.mutate(create('one')), two.mutate(create('two'))]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('the keeper of the ingress', () => {
  let clock: ManualClock;
  let keeper: RegistryKeeper;
  beforeEach(() => {
    clock = new ManualClock();
    const writer = new RegistryWriter({ registry, gateway: kafka, signer: testSigner });
    keeper = new RegistryKeeper({ registry, writer, clock, warn: () => undefined, metrics });
    keeper.start();
  });
  afterEach(() => keeper.close());

  /** Lets the keeper work until no key ends with a refused record. */
  async function kept(): Promise<void> {
    await eventually(async () => {
      await clock.advance(1_000);
      return registry.overwrittenKeys.length === 0;
    });
  }

  it.each<[what: string, record: (before: IncomingRecord) => OutgoingRecord]>([
    ['a forged document', () => forged(forgery)],
    ['an older document', (before) => again(before)],
    ['a tombstone', () => ({ topic, key, value: null, headers: {} })],
  ])('writes a document again over %s, so that compaction keeps it', async (_what, record) => {
    await write(limited);
    const before = last();
    await write(revoked);
    await put(record(before));
    await kept();
    expect((await aRegistry(await compacted())).credential('AK')).toEqual(revoked);
    expect(await metrics.metrics()).toContain('sendoff_registry_documents_restored_total 1');
  });

  it('writes a deletion again over an older document', async () => {
    await write(limited);
    const before = last();
    await write({ delete: key });
    await put(again(before));
    await kept();
    expect((await aRegistry(await compacted())).credential('AK')).toBeUndefined();
  });

  it('removes a forged document under a new key', async () => {
    await put(forged({ ...forgery, accessKey: 'NEW' }, {}, 'credential/NEW'));
    await kept();
    expect(last()).toMatchObject({ key: 'credential/NEW', value: null });
  });

  it('writes what a topic lost, but no deletion of a document that it cannot read', async () => {
    let tellLoss = () => {};
    const gateway = {
      topics: kafka.topics,
      follower: (options: Parameters<MemoryKafka['follower']>[0]) => {
        tellLoss = options.onLoss ?? expect.fail('nobody hears of a loss');
        return kafka.follower(options);
      },
    };
    const read = new Registry({ gateway, verifier: testVerifier });
    open.push(read);
    await write(limited, other);
    await write({ delete: key });
    const ofALaterRelease = Buffer.from('{"kind":"unheard-of"}');
    await put(signedRecord({ topic, key: 'unheard-of/1', value: ofALaterRelease, sequence: 1 }, testSigner));
    await read.start();
    tellLoss();
    expect(read.overwrittenKeys).toEqual([key, 'credential/OTHER']);
  });

  it('writes nothing while every document is in force', async () => {
    await write(limited);
    await clock.advance(10_000);
    expect(records().length).toBe(1);
  });
});

describe('a registry from a version before signatures', () => {
  const parts = () => ({ gateway: kafka, signer: testSigner, verifier: testVerifier, renew: <T>(document: T) => document });
  const marked = async (one: Registry) => new RegistryWriter({ registry: one, gateway: kafka, signer: testSigner }).markSigned();

  it('stops the start of the ingress, which names the command', async () => {
    await put(forged(limited));
    await expect(marked(registry)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(marked(registry)).rejects.toThrow(/sign-registry/);
  });

  it('is signed once; from then on a document without a signature is a forgery', async () => {
    await put(forged(limited), forged(revoked), forged(other, {}, 'credential/OTHER'), forged({ kind: 'nothing' }, {}, 'x'));
    expect(await signRegistry(parts())).toEqual({ signed: 2, signedAgain: 0, ignored: 1 });
    const read = await aRegistry();
    expect([read.credential('AK'), read.credential('OTHER')]).toEqual([revoked, other]);
    await put(forged(forgery), forged({ ...forgery, accessKey: 'NEW' }, {}, 'credential/NEW'));
    expect(await signRegistry(parts())).toEqual({ signed: 0, signedAgain: 2, ignored: 2 });
    const later = await aRegistry();
    expect([later.credential('AK'), later.credential('NEW')]).toEqual([revoked, undefined]);
    await expect(marked(later)).resolves.toBeUndefined();
  });

  it('that another key has signed stops the start of the ingress and the command', async () => {
    await write(limited);
    const wrong = new Signer('the platform key of somebody else');
    const verifier = new Verifier([wrong.publicKey]);
    const read = await aRegistry(kafka, verifier);
    const start = new RegistryWriter({ registry: read, gateway: kafka, signer: wrong }).markSigned();
    await expect(start).rejects.toThrow(/another key has signed/);
    await expect(signRegistry({ ...parts(), signer: wrong, verifier })).rejects.toThrow(/another key has signed/);
    expect(records().length).toBe(1);
  });

  it('is completed by a second run if the first one ended early', async () => {
    await put(forged(limited), forged(other, {}, 'credential/OTHER'));
    await write(limited);
    await expect(marked(await aRegistry())).rejects.toThrow(/sign-registry/);
    expect(await signRegistry(parts())).toEqual({ signed: 1, signedAgain: 1, ignored: 0 });
    const read = await aRegistry();
    expect([read.credential('AK'), read.credential('OTHER')]).toEqual([limited, other]);
  });

  it('stays deleted where a tombstone was', async () => {
    await put(forged(limited), { topic, key, value: null, headers: {} });
    expect(await signRegistry(parts())).toEqual({ signed: 0, signedAgain: 0, ignored: 0 });
    expect((await aRegistry()).credential('AK')).toBeUndefined();
  });

  it('gets the marker at once if it is empty', async () => {
    await marked(registry);
    expect(registry.isMarkedSigned).toBe(true);
    expect(registry.size).toBe(0);
  });
});

describe('a signing key that is replaced', () => {
  it('signs the documents again, so that the old public key can be removed', async () => {
    const renewed = new Signer('a renewed signing key of 32 characters');
    const both = new Verifier([renewed.publicKey, testSigner.publicKey]);
    await write(limited, other);
    await write({ delete: 'credential/OTHER' });
    const renew = <T>(document: T) => document;
    await signRegistry({ gateway: kafka, signer: renewed, verifier: both, renew });
    const read = await aRegistry(kafka, new Verifier([renewed.publicKey]));
    expect([read.credential('AK'), read.credential('OTHER')]).toEqual([limited, undefined]);
    expect((await aRegistry(kafka, both)).credential('AK')).toEqual(limited);
  });
});
