/**
 * Goal: the AsyncAPI document is valid, and says of topics and headers what the declarations and
 * the pages say. Method: the document as an ingress serves it, and the official schema of AsyncAPI.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intakeHeader, rejectHeader, topicDeclarations } from '#contracts';
import { IngressApp } from '../../testing/ingress-app.ts';

interface Message {
  readonly headers: { readonly properties: object };
  readonly payload: object;
  readonly examples?: readonly { readonly name: string; readonly headers: object; readonly payload: unknown }[];
}

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly bindings?: object }>>;
  readonly operations: Readonly<Record<string, { readonly action: string }>>;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
}

const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;
let app: IngressApp;
let document: Document;
let faultsOf: (value: unknown) => readonly string[];
beforeAll(async () => {
  app = await IngressApp.start();
  faultsOf = judgeOf(schema);
  document = (await app.raw('GET', '/asyncapi.json')).body as unknown as Document;
}, 60_000);
afterAll(() => app?.close());

/** Makes a judge of values. It takes seconds for the schema of AsyncAPI. @returns their faults. */
function judgeOf(against: object): (value: unknown) => readonly string[] {
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajvFormats.default(ajv);
  const isValid = ajv.compile(against);
  return (value) =>
    isValid(value) ? [] : (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** All references in a value. */
function refsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : refsIn(inner)));
}

function followed(ref: string): unknown {
  const path = ref.slice(2).split('/');
  return path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], document);
}

describe('the AsyncAPI document', () => {
  it('is valid', () => expect(faultsOf(document)).toEqual([]));

  it('is judged by a schema that finds faults', () => {
    expect(faultsOf({ ...document, channels: { intake: { address: 7 } } })).not.toEqual([]);
  });

  it('refers to parts of itself only', () => {
    const refs = refsIn(document);
    expect(refs.length).toBeGreaterThan(10);
    expect(refs.filter((ref) => !ref.startsWith('#/') || followed(ref) === undefined)).toEqual([]);
  });

  it('has every topic that other programs may use, and no other declared one', () => {
    const addresses = Object.values(document.channels).map(({ address }) => address);
    const open = topicDeclarations.filter(({ publicAccess }) => publicAccess !== undefined).map(({ name }) => `{prefix}${name}`);
    expect(addresses.toSorted()).toEqual([...open, '{prefix}stream.{name}', '{prefix}topic.{name}'].toSorted());
    for (const [id, { bindings }] of Object.entries(document.channels)) {
      const declared = topicDeclarations.find(({ name }) => name === id);
      const retention = declared && { kafka: { topicConfiguration: { 'retention.ms': declared.retentionMs } } };
      if (retention !== undefined) expect(bindings).toMatchObject(retention);
    }
  });

  it('names the headers of each topic that pages explain', async () => {
    const page = await readFile('docs/kafka.md', 'utf8');
    const headersOf = (message: string) => Object.keys(document.components.messages[message]?.headers.properties ?? {});
    expect(headersOf('Invocation')).toEqual(Object.values(intakeHeader));
    expect(headersOf('Reject')).toEqual(expect.arrayContaining(Object.values(rejectHeader)));
    for (const name of headersOf('Invocation').filter((header) => header !== intakeHeader.hops))
      expect(page).toContain(`\`${name}\``);
    for (const name of headersOf('UndeliveredNotification').filter((header) => header.startsWith('kafka_dlt-exception')))
      expect(page).toContain(`\`${name}\``);
  });

  it('has examples that match its schemas', () => {
    const faults = Object.values(document.components.messages).flatMap(({ headers, payload, examples = [] }) =>
      examples.flatMap((example) => [...judgeOf(headers)(example.headers), ...judgeOf(payload)(example.payload)]),
    );
    const names = Object.values(document.components.messages).flatMap(({ examples = [] }) => examples.map(({ name }) => name));
    expect([faults, names]).toEqual([[], ['hello', 'succeeded', 'published']]);
  });

  it('has an example that the Kafka door accepts', async () => {
    await app.createFunction('hello');
    const [example] = document.components.messages['Invocation']?.examples ?? [];
    await app.produce(JSON.stringify(example?.payload), { ...example?.headers, 'sendoff-project': IngressApp.project });
    expect(await app.kafka.waitFor('sendoff.invocations', 1)).toMatchObject([{ value: Buffer.from('{"name":"world"}') }]);
  });
});
