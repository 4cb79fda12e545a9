import type { Service } from '#contracts';
import {
  type Clock,
  InternalTokens,
  openInstallationKeys,
  type PlatformKeySettings,
  type PublicKeySettings,
  serviceKeysOf,
  type SigningKeySettings,
} from '#platform';
import type { Credentials } from './credentials.ts';
import type { StandaloneConfig } from './standalone.config.ts';

/** The settings of the ingress from which all keys are derived. */
function rootSettingsOf(
  config: StandaloneConfig,
  { platformKey }: Credentials,
): PlatformKeySettings & SigningKeySettings & PublicKeySettings {
  const { platformKeyFile, signingKey, signingKeyFile, publicKeys } = config;
  return {
    ...(platformKeyFile === undefined ? { platformKey } : { platformKeyFile }),
    ...(signingKey === undefined ? {} : { signingKey }),
    ...(signingKeyFile === undefined ? {} : { signingKeyFile }),
    publicKeys,
  };
}

/**
 * Tokens with which this process asks services, as the ingress does.
 * @throws PlatformError `CONFIG_INVALID`.
 */
export async function internalTokensOf(
  config: StandaloneConfig,
  credentials: Credentials,
  clock: Clock,
): Promise<InternalTokens> {
  const { signer } = await openInstallationKeys(rootSettingsOf(config, credentials));
  return new InternalTokens(signer, clock);
}

/**
 * The keys of each service, as variables. Only the ingress holds the platform key, from which the
 * others are derived.
 * @throws PlatformError `CONFIG_INVALID`.
 */
export async function keysOf(
  config: StandaloneConfig,
  credentials: Credentials,
): Promise<Readonly<Record<Service, Readonly<Record<string, string | undefined>>>>> {
  const root = rootSettingsOf(config, credentials);
  const { functionsKey, subscriptionKey, publicKeys } = await serviceKeysOf(root);
  const none = {
    SENDOFF_PLATFORM_KEY: undefined,
    SENDOFF_PLATFORM_KEY_FILE: undefined,
    SENDOFF_SIGNING_KEY: undefined,
    SENDOFF_SIGNING_KEY_FILE: undefined,
    SENDOFF_FUNCTIONS_KEY: undefined,
    SENDOFF_FUNCTIONS_KEY_FILE: undefined,
    SENDOFF_SUBSCRIPTION_KEY: undefined,
    SENDOFF_SUBSCRIPTION_KEY_FILE: undefined,
    SENDOFF_PUBLIC_KEYS: publicKeys.join(','),
  };
  return {
    ingress: {
      ...none,
      SENDOFF_PLATFORM_KEY: root.platformKey,
      SENDOFF_PLATFORM_KEY_FILE: root.platformKeyFile,
      SENDOFF_SIGNING_KEY: root.signingKey,
      SENDOFF_SIGNING_KEY_FILE: root.signingKeyFile,
      SENDOFF_PUBLIC_KEYS: root.publicKeys.join(','),
    },
    executor: { ...none, SENDOFF_FUNCTIONS_KEY: functionsKey },
    'retry-scheduler': none,
    notifier: { ...none, SENDOFF_SUBSCRIPTION_KEY: subscriptionKey },
    'status-logger': none,
  };
}
