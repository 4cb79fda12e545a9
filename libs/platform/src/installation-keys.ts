/**
 * The keys of an installation, read from the environment or from files.
 *
 * The ingress holds the platform key and derives all others. Each other service holds the derived
 * keys that it needs, or derives them if it was given the platform key.
 */
import { PlatformError } from '#contracts';
import { deriveKey, keyLengthMin } from './derived-keys.ts';
import { Sealer } from './sealer.ts';
import type {
  PlatformKeySettings,
  PublicKeySettings,
  SigningKeySettings,
  SubscriptionKeySettings,
  FunctionsKeySettings,
} from './setting-groups.ts';
import { Signer, Verifier } from './signing.ts';
import { textSource } from './text-source.ts';

/** A key as configured: the key itself, or a file that holds it. */
interface ConfiguredKey {
  /** The name of the variable; that of the file ends in `_FILE`. */
  readonly env: string;
  readonly key: string | undefined;
  readonly file: string | undefined;
}

function invalid(reason: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', { details: { reason } });
}

/** @returns undefined if neither the key nor its file is configured. */
async function readKey({ env, key, file }: ConfiguredKey): Promise<string | undefined> {
  if (key !== undefined && file !== undefined) throw invalid(`set only one of ${env} and ${env}_FILE`);
  const text = textSource(key, file, `${env}_FILE`)?.().trim();
  if (text !== undefined && text.length < keyLengthMin) throw invalid(`${env} must have at least ${keyLengthMin} characters`);
  return text;
}

/**
 * Reads the platform key.
 * @returns undefined if it is not configured.
 * @throws PlatformError `CONFIG_INVALID` if both key and file are set, the file cannot be read, or
 *   the key is too short.
 */
function readPlatformKey({ platformKey, platformKeyFile }: PlatformKeySettings): Promise<string | undefined> {
  return readKey({ env: 'SENDOFF_PLATFORM_KEY', key: platformKey, file: platformKeyFile });
}

/** The keys of the ingress: of all purposes. */
export interface InstallationKeys {
  /** Seals the secrets of access keys. */
  readonly accessKeys: Sealer;
  /** Seals encrypted user data, and makes the call secrets of http functions. */
  readonly functions: Sealer;
  /** Seals the secrets of webhooks, and opens the tokens in links. */
  readonly subscriptions: Sealer;
  readonly signer: Signer;
  /** Accepts the signer's own signatures and those of the configured public keys. */
  readonly verifier: Verifier;
}

/** The keys that other services need, as texts for their settings. */
export interface ServiceKeys {
  /** For SENDOFF_FUNCTIONS_KEY of the executor. */
  readonly functionsKey: string;
  /** For SENDOFF_SUBSCRIPTION_KEY of the notifier. */
  readonly subscriptionKey: string;
  /** For SENDOFF_PUBLIC_KEYS of executor, notifier and status-logger. */
  readonly publicKeys: readonly string[];
}

type IngressKeySettings = PlatformKeySettings & SigningKeySettings & PublicKeySettings;

async function rootsOf(config: IngressKeySettings): Promise<{ readonly platformKey: string; readonly signer: Signer }> {
  const platformKey = await readPlatformKey(config);
  if (platformKey === undefined) throw invalid('set SENDOFF_PLATFORM_KEY or SENDOFF_PLATFORM_KEY_FILE');
  const { signingKey: key, signingKeyFile: file } = config;
  const signingKey = await readKey({ env: 'SENDOFF_SIGNING_KEY', key, file });
  return { platformKey, signer: new Signer(signingKey ?? deriveKey(platformKey, 'signing')) };
}

/** Opens the keys of the ingress. @throws PlatformError `CONFIG_INVALID`. */
export async function openInstallationKeys(config: IngressKeySettings): Promise<InstallationKeys> {
  const { platformKey, signer } = await rootsOf(config);
  return {
    accessKeys: new Sealer(deriveKey(platformKey, 'access keys'), platformKey),
    functions: new Sealer(deriveKey(platformKey, 'functions'), platformKey),
    subscriptions: new Sealer(deriveKey(platformKey, 'subscriptions'), platformKey),
    signer,
    verifier: new Verifier([signer.publicKey, ...config.publicKeys]),
  };
}

/** Derives the keys of the other services. @throws PlatformError `CONFIG_INVALID`. */
export async function serviceKeysOf(config: IngressKeySettings): Promise<ServiceKeys> {
  const { platformKey, signer } = await rootsOf(config);
  return {
    functionsKey: deriveKey(platformKey, 'functions'),
    subscriptionKey: deriveKey(platformKey, 'subscriptions'),
    publicKeys: [...new Set([signer.publicKey, ...config.publicKeys])],
  };
}

/**
 * Opens the public keys of the ingress for a service that verifies. With the platform key it also
 * accepts the signing key that is derived from it.
 * @throws PlatformError `CONFIG_INVALID` if no key is configured.
 */
export async function openVerifier(config: PlatformKeySettings & PublicKeySettings): Promise<Verifier> {
  const platformKey = await readPlatformKey(config);
  const derived = platformKey === undefined ? [] : [new Signer(deriveKey(platformKey, 'signing')).publicKey];
  const publicKeys = [...config.publicKeys, ...derived];
  if (publicKeys.length === 0) throw invalid('set SENDOFF_PUBLIC_KEYS, the public keys of the ingress; see docs/operations.md');
  return new Verifier(publicKeys);
}

/**
 * Opens the key for encrypted user data and call secrets.
 * @throws PlatformError `CONFIG_INVALID` without a key.
 */
export function openFunctionsSealer(config: PlatformKeySettings & FunctionsKeySettings): Promise<Sealer> {
  const { functionsKey: key, functionsKeyFile: file } = config;
  return openSealer(config, 'functions', { env: 'SENDOFF_FUNCTIONS_KEY', key, file });
}

/** Opens the key for subscriptions. @throws PlatformError `CONFIG_INVALID` without a key. */
export function openSubscriptionSealer(config: PlatformKeySettings & SubscriptionKeySettings): Promise<Sealer> {
  const { subscriptionKey: key, subscriptionKeyFile: file } = config;
  return openSealer(config, 'subscriptions', { env: 'SENDOFF_SUBSCRIPTION_KEY', key, file });
}

async function openSealer(
  config: PlatformKeySettings,
  purpose: 'functions' | 'subscriptions',
  own: ConfiguredKey,
): Promise<Sealer> {
  const [key, platformKey] = await Promise.all([readKey(own), readPlatformKey(config)]);
  if (key !== undefined) return new Sealer(key, platformKey);
  if (platformKey === undefined) throw invalid(`set ${own.env} or ${own.env}_FILE; see docs/operations.md`);
  return new Sealer(deriveKey(platformKey, purpose), platformKey);
}
