import { type IncomingRecord, type RegistryDocument, registryKey } from '#contracts';

/** What a record of the registry says: a document is so, a document is gone, or nothing anyone can use. */
export type RegistryEntry =
  | { readonly kind: 'document'; readonly key: string; readonly document: RegistryDocument }
  | { readonly kind: 'deletion'; readonly key: string }
  | { readonly kind: 'malformed'; readonly key: string | null; readonly reason: string };

type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object' | 'array'>>;

/** What readers rely on without looking; the ingress checks everything else before it writes. */
const shapes: Readonly<Record<RegistryDocument['kind'], Shape>> = {
  function: {
    urn: 'string',
    project: 'string',
    name: 'string',
    runtime: 'string',
    code: 'object',
    userData: 'object',
    timeoutMs: 'number',
    memoryMb: 'number',
    instancesMax: 'number',
    concurrencyPerInstance: 'number',
  },
  version: { urn: 'string', project: 'string', version: 'string', function: 'object', publishedAt: 'number' },
  alias: { urn: 'string', project: 'string', name: 'string', version: 'string' },
  policy: { functionUrn: 'string', eventAgeMaxMs: 'number', retriesMax: 'number', backoff: 'object', destinations: 'object' },
  agency: { project: 'string', name: 'string', grants: 'array' },
  topic: { urn: 'string', project: 'string', name: 'string', subscriptions: 'array' },
  place: { type: 'string', project: 'string', name: 'string' },
  project: { id: 'string' },
  credential: {
    accessKey: 'string',
    project: 'string',
    rights: 'array',
    functions: 'array',
    isEnabled: 'boolean',
    secret: 'string',
  },
};

/** Reads a record of the registry. Never throws: one bad document must not stop a process that reads all of them at its start. */
export function readEntry({ key, value }: Pick<IncomingRecord, 'key' | 'value'>): RegistryEntry {
  if (key === null || key === '') return { kind: 'malformed', key, reason: 'the record has no key' };
  if (value === null) return { kind: 'deletion', key };
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString('utf8'));
  } catch {
    return { kind: 'malformed', key, reason: 'the value is not JSON' };
  }
  const fault = faultOf(parsed);
  if (fault !== undefined) return { kind: 'malformed', key, reason: fault };
  const document = parsed as RegistryDocument;
  return registryKey(document) === key
    ? { kind: 'document', key, document }
    : { kind: 'malformed', key, reason: `the document belongs under ${registryKey(document)}` };
}

function faultOf(parsed: unknown): string | undefined {
  if (typeof parsed !== 'object' || parsed === null) return 'the value is no document';
  const fields = parsed as Readonly<Record<string, unknown>>;
  const kind = fields['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) return 'the document is of no known kind';
  for (const [name, type] of Object.entries(shapes[kind as RegistryDocument['kind']]))
    if (typeOf(fields[name]) !== type) return `field ${name} is not of type ${type}`;
  if (kind !== 'version') return undefined;
  const inner = faultOf(fields['function']);
  return inner === undefined ? undefined : `function: ${inner}`;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}
