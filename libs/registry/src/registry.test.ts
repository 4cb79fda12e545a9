import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AgencyDocument,
  type AliasDocument,
  epochMs,
  type FunctionDocument,
  type FunctionUrn,
  formatBareUrn,
  formatFunctionUrn,
  functionKey,
  type PolicyDocument,
  policyKey,
  type RegistryDocument,
  registryKey,
} from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { testSigner, testVerifier } from '#testing';
import { signedRecord } from './document-signature.ts';
import { Registry, type RegistryChange } from './registry.ts';
import { type Change, RegistryWriter } from './registry-writer.ts';

const topic = 'sendoff.registry';
const urnOf = (name: string, project = 'p1', qualifier = 'latest'): FunctionUrn => ({
  region: 'local',
  project,
  package: 'default',
  name,
  qualifier,
});

function aFunction(name: string, more: Partial<FunctionDocument> = {}): FunctionDocument {
  const project = more.project ?? 'p1';
  return {
    kind: 'function',
    urn: formatBareUrn(urnOf(name, project)),
    id: name,
    project,
    package: 'default',
    name,
    runtime: 'http',
    handler: 'index.handler',
    timeoutMs: 3_000,
    memoryMb: 128,
    codeType: 'url',
    code: { kind: 'url', url: 'http://127.0.0.1:1' },
    userData: {},
    description: '',
    instancesMax: -1,
    concurrencyPerInstance: 1,
    createdAt: epochMs(0),
    modifiedAt: epochMs(0),
    kept: {},
    ...more,
  };
}

function aPolicy(urn: FunctionUrn): PolicyDocument {
  return {
    kind: 'policy',
    functionUrn: formatFunctionUrn(urn),
    eventAgeMaxMs: 3_600_000,
    retriesMax: 1,
    backoff: { baseMs: 1_000, maxMs: 300_000 },
    destinations: {},
    isStatusLogged: false,
    createdAt: epochMs(0),
    modifiedAt: epochMs(0),
  };
}

const policyKeyOfF = policyKey(formatFunctionUrn(urnOf('f')));
const policyOfF = (backoff: object) => JSON.stringify({ ...aPolicy(urnOf('f')), backoff });

const anAgency: AgencyDocument = { kind: 'agency', project: 'p1', name: 'a', grants: [] };

const anAlias: AliasDocument = {
  kind: 'alias',
  urn: formatFunctionUrn(urnOf('f', 'p1', '!prod')),
  project: 'p1',
  name: 'prod',
  version: 'v1',
  description: '',
  createdAt: epochMs(0),
  modifiedAt: epochMs(0),
};

let kafka: MemoryKafka;
let registry: Registry;
let warnings: { readonly message: string; readonly details: Readonly<Record<string, unknown>> }[];
const cleanups: (() => Promise<void>)[] = [];

async function aRegistry(): Promise<Registry> {
  const one = new Registry({
    gateway: kafka,
    verifier: testVerifier,
    warn: (message, details) => warnings.push({ message, details }),
  });
  cleanups.push(() => one.close());
  await one.start();
  return one;
}

const writer = (over = registry) => new RegistryWriter({ registry: over, gateway: kafka, signer: testSigner });
const write = (changes: readonly Change[], by = writer()) => by.mutate(() => ({ changes }));
const put = (key: string, value: string) =>
  kafka.publisher.publish(signedRecord({ topic, key, value: Buffer.from(value), sequence: 9 }, testSigner));

beforeEach(async () => {
  kafka = new MemoryKafka();
  warnings = [];
  registry = await aRegistry();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe('Registry', () => {
  it('finds a document of each kind', async () => {
    const documents: RegistryDocument[] = [
      aFunction('f'),
      aPolicy(urnOf('f')),
      anAgency,
      {
        kind: 'topic',
        urn: 'urn:smn:local:p1:t',
        project: 'p1',
        name: 't',
        displayName: '',
        subscriptions: [],
        createdAt: epochMs(0),
        modifiedAt: epochMs(0),
      },
      { kind: 'place', type: 'DIS', project: 'p1', name: 's', createdAt: epochMs(0) },
      { kind: 'project', id: 'p1' },
    ];
    await write(documents);
    expect([
      registry.functionByUrn(urnOf('f')),
      registry.policyOf(urnOf('f')),
      registry.agency('p1', 'a'),
      registry.topic('urn:smn:local:p1:t'),
      registry.place('p1', 'DIS', 's'),
      registry.project('p1'),
    ]).toEqual(documents);
    expect(registry.size).toBe(6);
    for (const document of documents) expect(registry.get(registryKey(document))).toEqual(document);
  });

  it('returns undefined for documents that were never written', () => {
    expect(registry.functionByUrn(urnOf('f'))).toBeUndefined();
    expect(registry.place('p1', 'OBS', 's')).toBeUndefined();
    expect(registry.list('function', 'p1')).toEqual([]);
  });

  it('finds the function by any version, but a policy only by its own version', async () => {
    await write([aFunction('f'), aPolicy(urnOf('f', 'p1', 'latest')), aPolicy(urnOf('f', 'p1', 'v1'))]);
    expect(registry.functionByUrn(urnOf('f', 'p1', 'v2'))?.name).toBe('f');
    expect(registry.policyOf(urnOf('f', 'p1', 'v1'))?.functionUrn).toMatch(/:v1$/);
    expect(registry.policyOf(formatFunctionUrn(urnOf('f')))?.functionUrn).toMatch(/:latest$/);
    expect(registry.policyOf(urnOf('f', 'p1', 'v2'))).toBeUndefined();
    expect(registry.policyOf(urnOf('f', 'p1', '!live'))).toBeUndefined();
  });

  it('lists the documents of one project', async () => {
    await write([
      aFunction('f'),
      aFunction('g'),
      aFunction('f', { project: 'p2' }),
      aPolicy(urnOf('f')),
      aPolicy(urnOf('f', 'p1', 'v1')),
      aPolicy(urnOf('fx')),
    ]);
    expect(registry.list('function', 'p1').map(({ name }) => name)).toEqual(['f', 'g']);
    expect(registry.list('function').length).toBe(3);
    expect(registry.policiesOf(formatBareUrn(urnOf('f'))).length).toBe(2);
  });

  it('finds a published version, with the instance limit that the function has now', async () => {
    const published = { ...aFunction('f', { memoryMb: 256, instancesMax: 5 }), version: 'v1' };
    const version = { urn: formatFunctionUrn(urnOf('f', 'p1', 'v1')), project: 'p1', version: 'v1', description: '' };
    await write([
      aFunction('f', { instancesMax: 0 }),
      aFunction('fx'),
      { kind: 'version', ...version, function: published, publishedAt: epochMs(0) },
      anAlias,
    ]);
    expect(registry.versionByUrn(urnOf('f'))?.memoryMb).toBe(128);
    expect(registry.versionByUrn(urnOf('f', 'p1', 'v1'))).toEqual({ ...published, instancesMax: 0 });
    expect(registry.versionByUrn(urnOf('f', 'p1', 'v2'))).toBeUndefined();
    expect(registry.versionByUrn(urnOf('f', 'p1', '!prod'))).toBeUndefined();
    expect(registry.versionByUrn(urnOf('fx', 'p1', 'v1'))).toBeUndefined();
    expect(registry.alias(urnOf('f', 'p1', '!prod'))).toEqual(anAlias);
    expect(registry.alias(urnOf('fx', 'p1', '!prod'))).toBeUndefined();
    const bare = formatBareUrn(urnOf('f'));
    expect(registry.versionsOf(bare).map(({ version: name }) => name)).toEqual(['v1']);
    expect(registry.aliasesOf(bare)).toEqual([anAlias]);
    expect(registry.versionsOf(bare.slice(0, -1))).toEqual([]);
    await write([{ delete: functionKey(bare) }]);
    expect(registry.versionByUrn(urnOf('f', 'p1', 'v1'))).toBeUndefined();
  });

  it('omits a deleted document from lookups and lists', async () => {
    await write([aFunction('f'), aFunction('g')]);
    await write([{ delete: functionKey(aFunction('f').urn) }]);
    expect(registry.functionByUrn(urnOf('f'))).toBeUndefined();
    expect(registry.list('function', 'p1').map(({ name }) => name)).toEqual(['g']);
  });

  it('holds the same documents after a restart', async () => {
    await write([aFunction('f'), aPolicy(urnOf('f')), anAgency]);
    await write([aFunction('f', { memoryMb: 256 }), { delete: registryKey(anAgency) }]);
    const again = await aRegistry();
    expect(again.functionByUrn(urnOf('f'))?.memoryMb).toBe(256);
    expect(again.agency('p1', 'a')).toBeUndefined();
    expect(again.size).toBe(2);
  });

  it('notifies its listeners of each change after the change is applied', async () => {
    const changes: RegistryChange[] = [];
    const end = registry.onChange((change) => {
      changes.push(change);
      expect(registry.get(change.key)).toEqual(change.after);
    });
    await write([anAgency]);
    await write([{ ...anAgency, grants: [{ type: 'OBS', resource: '*' }] }]);
    await write([{ delete: 'agency/p1/a' }, { delete: 'agency/p1/never' }]);
    end();
    await write([anAgency]);
    expect(changes.map(({ before, after }) => [before !== undefined, after !== undefined])).toEqual([
      [false, true],
      [true, true],
      [true, false],
    ]);
  });

  it('goes on and warns when a listener throws', async () => {
    registry.onChange(() => {
      throw new Error('a bug');
    });
    await write([anAgency]);
    expect(registry.agency('p1', 'a')).toEqual(anAgency);
    expect(warnings.map(({ message }) => message)).toEqual(['A listener of the registry threw an error']);
  });

  it.each([
    ['not JSON', 'agency/p1/a', '{'],
    ['not an object', 'agency/p1/a', 'null'],
    ['of no known kind', 'agency/p1/a', '{"kind":"toString"}'],
    ['without a required field', 'agency/p1/a', '{"kind":"agency","project":"p1","name":"a"}'],
    ['with a field of the wrong type', 'agency/p1/a', '{"kind":"agency","project":"p1","name":"a","grants":{}}'],
    [
      'a version without its function',
      'version/u',
      '{"kind":"version","urn":"u","project":"p1","version":"v1","publishedAt":1,"function":{}}',
    ],
    ['a policy whose wait is no number', policyKeyOfF, policyOfF({ baseMs: 'soon', maxMs: 1_000 })],
    ['a policy whose wait is 0', policyKeyOfF, policyOfF({ baseMs: 0, maxMs: 1_000 })],
    ['a policy whose wait is longer than a day', policyKeyOfF, policyOfF({ baseMs: 1_000, maxMs: 86_400_001 })],
    ['a policy without a longest wait', policyKeyOfF, policyOfF({ baseMs: 1_000 })],
    ['a policy whose longest wait is below its first', policyKeyOfF, policyOfF({ baseMs: 1_000, maxMs: 999 })],
    ['stored under the key of another document', 'agency/p1/b', JSON.stringify(anAgency)],
  ])('ignores a document that is %s, keeps the document it had, and warns', async (_fault, key, value) => {
    await write([anAgency]);
    await put(key, value);
    await registry.caughtUp(1_000);
    expect(registry.agency('p1', 'a')).toEqual(anAgency);
    expect(registry.size).toBe(1);
    expect(warnings.map(({ details }) => details['key'])).toEqual([key]);
  });

  it('knows a function target by its id: another function under the name is another target', async () => {
    await write([aFunction('f', { id: 'new' })]);
    const target = { type: 'FunctionGraph', functionUrn: formatFunctionUrn(urnOf('f')) } as const;
    const targets = [target, { ...target, functionId: 'new' }, { ...target, functionId: 'old' }];
    expect(targets.map((one) => registry.hasTarget('p1', one))).toEqual([true, true, false]);
  });
});

describe('RegistryWriter', () => {
  it('writes nothing and rejects with what the check threw', async () => {
    const refused = writer().mutate(() => {
      throw new Error('no such function');
    });
    await expect(refused).rejects.toThrow('no such function');
    expect(kafka.records(topic)).toEqual([]);
  });

  it('resolves with the answer of the check, once the local copy holds the changes', async () => {
    const answer = await writer().mutate(() => ({ changes: [anAgency], answer: anAgency.name }));
    expect(answer).toBe('a');
    expect(registry.agency('p1', 'a')).toEqual(anAgency);
  });

  it('resolves with the answer of a check that changes nothing', async () => {
    expect(await writer().mutate(() => ({ changes: [], answer: 'as it was' }))).toBe('as it was');
    expect(kafka.records(topic)).toEqual([]);
  });

  it('checks against every document acknowledged before, those of other processes included', async () => {
    const other = await aRegistry();
    await write([aFunction('f')]);
    const hadFunction = await writer(other).mutate((view) => ({
      changes: [],
      answer: view.functionByUrn(urnOf('f')) !== undefined,
    }));
    expect(hadFunction).toBe(true);
  });

  it('lets one mutation see the one before it', async () => {
    const one = writer();
    const count = (view: Registry) => view.agency('p1', 'a')?.grants.length ?? 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        one.mutate((view) => {
          const grants = Array.from({ length: count(view) + 1 }, () => ({ type: 'OBS', resource: '*' }) as const);
          return { changes: [{ ...anAgency, grants }] };
        }),
      ),
    );
    expect(count(registry)).toBe(20);
  });

  it('keeps a limit although two processes check it at the same time: the later record is undone', async () => {
    const agenciesMax = 2;
    const other = await aRegistry();
    const add = async (by: RegistryWriter, name: string) => {
      const refuseAbove = (view: Registry, max: number) => {
        if (view.list('agency', 'p1').length > max) throw new Error('too many agencies');
      };
      return by.mutate((view) => {
        refuseAbove(view, agenciesMax - 1);
        return { changes: [{ ...anAgency, name }], within: (after) => refuseAbove(after, agenciesMax) };
      });
    };
    const writers = [writer(), writer(other)];
    await write([anAgency], writers[0]);
    const results = await Promise.allSettled(writers.map(async (by, index) => add(by, `b${index}`)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const view of [registry, other]) {
      await view.caughtUp();
      expect(view.list('agency', 'p1')).toHaveLength(agenciesMax);
    }
  });

  it('runs the next mutation after one that failed', async () => {
    const one = writer();
    const failing = one.mutate(() => {
      throw new Error('a bug');
    });
    await expect(failing).rejects.toThrow('a bug');
    await write([anAgency], one);
    expect(registry.agency('p1', 'a')).toEqual(anAgency);
  });

  it('rejects a mutation beyond the most that may wait', async () => {
    const one = new RegistryWriter({ registry, gateway: kafka, signer: testSigner, waitingMax: 2 });
    const results = await Promise.allSettled([1, 2, 3].map(() => write([anAgency], one)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({ reason: { code: 'PUBLISHER_SATURATED', retryable: true } });
  });

  it('rejects with REGISTRY_BEHIND and writes nothing while the brokers cannot be reached', async () => {
    kafka.setReachable(false);
    await expect(write([anAgency])).rejects.toMatchObject({ code: 'REGISTRY_BEHIND' });
    kafka.setReachable(true);
    expect(kafka.records(topic)).toEqual([]);
  });

  it('deletes a document with a signed record, which compaction keeps', async () => {
    await write([aPolicy(urnOf('f')), { delete: policyKey(formatFunctionUrn(urnOf('f'))) }]);
    expect(registry.size).toBe(0);
    expect(kafka.records(topic).map(({ value }) => JSON.parse(String(value)).kind)).toEqual(['policy', 'deletion']);
  });

  it('writes no deletion for a document that does not exist', async () => {
    await write([{ delete: 'agency/p1/never' }]);
    expect(kafka.records(topic)).toEqual([]);
  });
});
