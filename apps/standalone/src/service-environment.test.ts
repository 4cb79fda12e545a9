import { describe, expect, it } from 'vitest';
import { services } from '#contracts';
import { environmentFor } from './service-environment.ts';

const offered = {
  PATH: '/usr/bin',
  TZ: 'UTC',
  NODE_AUTH_TOKEN: 'a token of npm',
  AWS_SECRET_ACCESS_KEY: 'a secret of the shell',
  HTTPS_PROXY: 'http://user:password@proxy:3128',
  http_proxy: 'http://user:password@proxy:3128',
  KAFKA_BROKERS: '127.0.0.1:9092',
  SENDOFF_TOKEN: 'the API token',
  SENDOFF_ACCESS_KEY: 'the first key',
  SENDOFF_SECRET_KEY: 'its secret',
  SENDOFF_PLATFORM_KEY_FILE: undefined,
  EXECUTOR_ATTEMPTS_MAX: '7',
  STATUS_LOG_DAYS: '3',
};

describe('the environment of a service', () => {
  it.each(services)('%s gets its settings and harmless variables, and nothing of the shell of the operator', (service) => {
    const given = environmentFor(service, offered);
    expect(given).toMatchObject({ PATH: '/usr/bin', TZ: 'UTC', KAFKA_BROKERS: '127.0.0.1:9092' });
    expect(Object.keys(given)).not.toContain('NODE_AUTH_TOKEN');
    expect(Object.keys(given)).not.toContain('AWS_SECRET_ACCESS_KEY');
    expect(Object.keys(given)).not.toContain('SENDOFF_PLATFORM_KEY_FILE');
  });

  it('holds the first credentials in the ingress alone', () => {
    const names = ['SENDOFF_TOKEN', 'SENDOFF_ACCESS_KEY', 'SENDOFF_SECRET_KEY'];
    const holders = services.filter((service) => names.some((name) => name in environmentFor(service, offered)));
    expect(holders).toEqual(['ingress']);
  });

  it('holds no setting of another service', () => {
    const holders = (name: string) => services.filter((service) => name in environmentFor(service, offered));
    expect(holders('EXECUTOR_ATTEMPTS_MAX')).toEqual(['executor']);
    expect(holders('STATUS_LOG_DAYS')).toEqual(['status-logger']);
  });

  it('names the proxy in services that call addresses outside only', () => {
    const holders = (name: string) => services.filter((service) => name in environmentFor(service, offered));
    expect(holders('HTTPS_PROXY')).toEqual(['ingress', 'executor', 'notifier']);
    expect(holders('http_proxy')).toEqual(['ingress', 'executor', 'notifier']);
  });
});
