import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

interface Credential {
  readonly access_key: string;
  readonly secret_key?: string;
  readonly description: string;
  readonly rights: readonly string[];
  readonly functions: readonly string[];
  readonly agencies: readonly string[];
  readonly topics: readonly string[];
  readonly enabled: boolean;
  readonly previous_secret_ends_at?: string;
}

/** Options of `sendoff keys create`; lists are separated by commas. */
export interface KeyOptions {
  readonly rights: string;
  readonly functions: string;
  readonly agencies?: string;
  readonly topics?: string;
  readonly description: string;
}

const path = ['sendoff', 'credentials'];

/** The parts of a list; an empty text has none. */
const parts = (text: string) => (text === '' ? [] : text.split(',').map((part) => part.trim()));

function secretLines({
  access_key: accessKey,
  secret_key: secretKey = '',
  previous_secret_ends_at: endsAt,
}: Credential): string[] {
  return [
    `access key  ${accessKey}`,
    `secret key  ${secretKey}`,
    'Store the secret now: it is not shown again.',
    ...(endsAt === undefined ? [] : [`The previous secret is valid until ${endsAt}.`]),
  ];
}

/** Creates an access key and shows its secret once. */
export async function createKey(session: Session, options: KeyOptions): Promise<void> {
  const body = {
    rights: parts(options.rights),
    functions: parts(options.functions),
    ...(options.agencies === undefined ? {} : { agencies: parts(options.agencies) }),
    ...(options.topics === undefined ? {} : { topics: parts(options.topics) }),
    description: options.description,
  };
  const changed = await session.change<Credential>('create an access key', { method: 'POST', path, body });
  if (changed !== undefined) session.show(changed.answer, () => secretLines(changed.answer));
}

/** Shows the access keys of the project. */
export async function listKeys(session: Session): Promise<void> {
  const { credentials } = await session.ask<{ credentials: readonly Credential[] }>({ path });
  const patterns = (list: readonly string[]) => (list.length === 0 ? '-' : list.join(','));
  session.show(credentials, () =>
    tableLines(
      ['ACCESS KEY', 'STATE', 'RIGHTS', 'FUNCTIONS', 'AGENCIES', 'TOPICS', 'DESCRIPTION'],
      credentials.map((key) => [
        ...[key.access_key, key.enabled ? 'enabled' : 'disabled', key.rights.join(',')],
        ...[patterns(key.functions), patterns(key.agencies), patterns(key.topics), key.description],
      ]),
    ),
  );
}

/** Creates a new secret; the old one stays valid for the grace. */
export async function rotateKey(session: Session, accessKey: string, { grace }: { readonly grace: string }): Promise<void> {
  const body = { grace_in_seconds: parseWhole(grace, '--grace') };
  const changed = await session.change<Credential>(`rotate ${accessKey}`, {
    method: 'POST',
    path: [...path, accessKey, 'rotate'],
    body,
  });
  if (changed !== undefined) session.show(changed.answer, () => secretLines(changed.answer));
}

/** Rejects or accepts requests that are signed with the key. */
export async function switchKey(session: Session, accessKey: string, act: 'enable' | 'disable'): Promise<void> {
  const changed = await session.change(`${act} ${accessKey}`, { method: 'POST', path: [...path, accessKey, act] });
  if (changed !== undefined)
    session.show({ access_key: accessKey, enabled: act === 'enable' }, () => [`${accessKey} is ${act}d`]);
}

/** Deletes a key. */
export async function deleteKey(session: Session, accessKey: string): Promise<void> {
  const changed = await session.change(`delete ${accessKey}`, { method: 'DELETE', path: [...path, accessKey] });
  if (changed !== undefined) session.show({ deleted: accessKey }, () => [`${accessKey} is deleted`]);
}
