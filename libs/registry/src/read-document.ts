import { type Backoff, bounds, type IncomingRecord, type RegistryDocument, registryKey } from '#contracts';
import { deletion } from './document-signature.ts';

/**
 * A signed record of the registry topic, as read: a document, a deletion, or a record that cannot
 * be used, with the reason.
 */
export type RegistryEntry =
  | { readonly kind: 'document'; readonly key: string; readonly document: RegistryDocument }
  | { readonly kind: 'deletion'; readonly key: string }
  | { readonly kind: 'malformed'; readonly key: string | null; readonly reason: string };

type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object' | 'array'>>;

/**
 * The fields that readers use without checking them again. The ingress validates all other fields
 * before it writes.
 */
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
  steering: { functionUrn: 'string', functionId: 'string', project: 'string' },
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

/**
 * Reads a record of the registry topic. Never throws: every process replays all documents at its
 * start, and one bad document must not stop it.
 */
export function readEntry({ key, value }: Pick<IncomingRecord, 'key' | 'value'>): RegistryEntry {
  if (key === null || key === '') return { kind: 'malformed', key, reason: 'the record has no key' };
  if (value === null) return { kind: 'malformed', key, reason: 'the record has no value' };
  if (value.equals(deletion)) return { kind: 'deletion', key };
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
    : { kind: 'malformed', key, reason: `the key of this document must be ${registryKey(document)}` };
}

function faultOf(parsed: unknown): string | undefined {
  if (typeof parsed !== 'object' || parsed === null) return 'the value is not a JSON object';
  const fields = parsed as Readonly<Record<string, unknown>>;
  const kind = fields['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) return 'the document has no known kind';
  for (const [name, type] of Object.entries(shapes[kind as RegistryDocument['kind']]))
    if (typeOf(fields[name]) !== type) return `field ${name} must be of type ${type}`;
  if (kind === 'steering') return pauseFaultOf(fields);
  if (kind === 'policy') return backoffFaultOf(fields['backoff'] as Partial<Backoff>);
  if (kind !== 'version') return undefined;
  const inner = faultOf(fields['function']);
  return inner === undefined ? undefined : `function: ${inner}`;
}

/** A pause without an instant would make every wait of an attempt NaN. */
function pauseFaultOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  for (const part of ['intake', 'execution']) {
    const pause = fields[part] as { readonly since?: unknown; readonly by?: unknown } | undefined;
    if (pause !== undefined && (!Number.isSafeInteger(pause?.since) || typeof pause?.by !== 'string'))
      return `${part} must have an instant and an access key`;
  }
  return undefined;
}

/** A wait out of bounds would let every attempt of the policy fail, or wait without end. */
function backoffFaultOf({ baseMs, maxMs }: { readonly baseMs?: unknown; readonly maxMs?: unknown }): string | undefined {
  const { min, max } = bounds.backoffMs;
  for (const [name, value] of Object.entries({ baseMs, maxMs }))
    if (!Number.isInteger(value) || Number(value) < min || Number(value) > max)
      return `backoff.${name} must be a whole number from ${min} to ${max}`;
  return Number(maxMs) < Number(baseMs) ? 'backoff.maxMs must be at least backoff.baseMs' : undefined;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}
