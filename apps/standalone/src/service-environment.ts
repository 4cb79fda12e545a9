import type { Service } from '#contracts';
import { serviceSettings } from './service-settings.ts';

/**
 * Variables that every service gets besides its settings: where programs and folders are, the time
 * zone, colours, and how Node.js runs. None of them carries a secret of Sendoff.
 */
const harmless: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'TERM',
  'NO_COLOR',
  'FORCE_COLOR',
  'NODE_ENV',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
  'NODE_V8_COVERAGE',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);

/**
 * The proxy for outbound HTTP. Its URL may hold a password, so only services that call addresses
 * outside of the installation get it.
 */
const proxy: ReadonlySet<string> = new Set(['NODE_USE_ENV_PROXY', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']);
const callers: ReadonlySet<Service> = new Set(['ingress', 'executor', 'notifier']);

/**
 * The environment of one service: of the offered variables those that the service declares as
 * settings, and harmless ones. So a secret reaches only the services that declare it.
 */
export function environmentFor(
  service: Service,
  offered: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const declared: readonly string[] = serviceSettings[service];
  const isAllowed = (name: string) =>
    declared.includes(name) || harmless.has(name) || (callers.has(service) && proxy.has(name.toUpperCase()));
  return Object.fromEntries(
    Object.entries(offered).flatMap(([name, value]) => (value !== undefined && isAllowed(name) ? [[name, value]] : [])),
  );
}
