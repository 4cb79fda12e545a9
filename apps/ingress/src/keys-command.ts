/**
 * The command `keys`: prints the settings that give another service its own keys, so that it needs
 * no platform key. `node dist/apps/ingress/src/main.js keys executor`.
 */
import { type Service, services } from '#contracts';
import { loadConfig, PlatformKeySettings, PublicKeySettings, serviceKeysOf, SigningKeySettings, withSettings } from '#platform';

class KeysConfig extends withSettings(PlatformKeySettings, SigningKeySettings, PublicKeySettings) {}

/**
 * The lines for the environment of a service.
 * @throws PlatformError `CONFIG_INVALID`.
 */
export async function keyLines(service: Service, env?: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const { functionsKey, subscriptionKey, publicKeys } = await serviceKeysOf(loadConfig(KeysConfig, env));
  const own: Readonly<Record<Service, readonly string[]>> = {
    ingress: [],
    executor: [`SENDOFF_FUNCTIONS_KEY=${functionsKey}`],
    'retry-scheduler': [],
    notifier: [`SENDOFF_SUBSCRIPTION_KEY=${subscriptionKey}`],
    'status-logger': [],
  };
  const verifies = service === 'executor' || service === 'notifier' || service === 'status-logger';
  return [...own[service], ...(verifies ? [`SENDOFF_PUBLIC_KEYS=${publicKeys.join(',')}`] : [])];
}

/** Prints the lines to the standard output. @returns the exit code: 64 for an unknown service. */
export async function printKeys(service: string | undefined): Promise<number> {
  if (!services.some((name) => name === service)) {
    process.stderr.write(`ingress: keys takes the name of a service: ${services.join(', ')}\n`);
    return 64;
  }
  for (const line of await keyLines(service as Service)) process.stdout.write(`${line}\n`);
  return 0;
}
