import { randomBytes } from 'node:crypto';
import { kafkaAccounts, PlatformError } from '#contracts';
import { serviceKeysOf } from '#platform';
import { newCredentials } from '../credentials.ts';

/** The entries of a Secret by name. */
export type Entries = Readonly<Record<string, string>>;

const password = () => randomBytes(32).toString('base64url');

/** Entries that are random and depend on no other. */
function randomEntries(): Entries {
  const { projectId, accessKey, secretKey, token, platformKey } = newCredentials();
  const ofAccounts = kafkaAccounts.map((account) => [`kafka-${account}-password`, password()] as const);
  return {
    'platform-key': platformKey,
    'project-id': projectId,
    token,
    'access-key': accessKey,
    'secret-key': secretKey,
    ...Object.fromEntries(ofAccounts),
    'kafka-setup-password': password(),
    's3-access-key': randomBytes(10).toString('hex'),
    's3-secret-key': password(),
    'postgresql-password': password(),
  };
}

async function derivedEntries(platformKey: string): Promise<Entries> {
  const { functionsKey, subscriptionKey, publicKeys } = await serviceKeysOf({ platformKey, publicKeys: [] });
  return { 'functions-key': functionsKey, 'subscription-key': subscriptionKey, 'public-keys': publicKeys.join(',') };
}

/**
 * Makes the entries that a Secret lacks. Present entries stay as they are.
 * @throws PlatformError `CONFIG_INVALID` if a derived key is present without the platform key. A
 *   new platform key would not fit to it.
 */
export async function missingEntries(present: Entries): Promise<Entries> {
  const derivedNames = ['functions-key', 'subscription-key', 'public-keys'];
  if (present['platform-key'] === undefined && derivedNames.some((name) => present[name] !== undefined))
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: 'the Secret has derived keys, but no platform-key: add the key that they were derived from' },
    });
  const random = randomEntries();
  const derived = await derivedEntries(present['platform-key'] ?? random['platform-key'] ?? '');
  const missing = Object.entries({ ...random, ...derived }).filter(([name]) => present[name] === undefined);
  return Object.fromEntries(missing);
}
