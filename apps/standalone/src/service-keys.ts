import type { Service } from '#contracts';
import { serviceKeysOf } from '#platform';
import type { Credentials } from './credentials.ts';
import type { StandaloneConfig } from './standalone.config.ts';

/**
 * The keys of each service, as variables. Only the ingress holds the platform key, from which the
 * others are derived.
 * @throws PlatformError `CONFIG_INVALID`.
 */
export async function keysOf(
  config: StandaloneConfig,
  credentials: Credentials,
): Promise<Readonly<Record<Service, Readonly<Record<string, string | undefined>>>>> {
  const { platformKeyFile, signingKey, signingKeyFile, publicKeys: accepted } = config;
  const root = platformKeyFile === undefined ? { platformKey: credentials.platformKey } : { platformKeyFile };
  const signing = {
    ...(signingKey === undefined ? {} : { signingKey }),
    ...(signingKeyFile === undefined ? {} : { signingKeyFile }),
  };
  const { functionsKey, subscriptionKey, publicKeys } = await serviceKeysOf({ ...root, ...signing, publicKeys: accepted });
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
      SENDOFF_PLATFORM_KEY_FILE: platformKeyFile,
      SENDOFF_SIGNING_KEY: signingKey,
      SENDOFF_SIGNING_KEY_FILE: signingKeyFile,
      SENDOFF_PUBLIC_KEYS: accepted.join(','),
    },
    executor: { ...none, SENDOFF_FUNCTIONS_KEY: functionsKey },
    'retry-scheduler': none,
    notifier: { ...none, SENDOFF_SUBSCRIPTION_KEY: subscriptionKey },
    'status-logger': none,
  };
}
