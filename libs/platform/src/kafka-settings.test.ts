import { describe, expect, it } from 'vitest';
import { KafkaAccessSettings } from './kafka-settings.ts';
import { loadConfig } from './load-config.ts';

const pem = '-----BEGIN CERTIFICATE-----';
const sasl = { KAFKA_SECURITY_PROTOCOL: 'sasl_ssl', KAFKA_USERNAME: 'me', KAFKA_PASSWORD: 'secret' };
const token = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'OAUTHBEARER' };
const endpoint = { ...token, KAFKA_TOKEN_CLIENT_ID: 'me', KAFKA_TOKEN_CLIENT_SECRET: 'secret' };

const load = (env: Readonly<Record<string, string>>) => loadConfig(KafkaAccessSettings, env);

describe('the settings of access to the brokers', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['nothing', {}],
    ['a password over TLS', sasl],
    ['a password file', { ...sasl, KAFKA_PASSWORD: '', KAFKA_PASSWORD_FILE: '/run/secrets/password' }],
    ['a client certificate', { KAFKA_SECURITY_PROTOCOL: 'ssl', KAFKA_CERTIFICATE_FILE: 'c.pem', KAFKA_KEY_FILE: 'k.pem' }],
    ['a token file', { ...token, KAFKA_TOKEN_FILE: '/var/run/token' }],
    ['a token endpoint', { ...endpoint, KAFKA_TOKEN_URL: 'https://id.example/token' }],
    ['a token endpoint on loopback', { ...endpoint, KAFKA_TOKEN_URL: 'http://127.0.0.1:8080/token' }],
  ])('may be %s', (_what, env) => expect(() => load(env)).not.toThrow());

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['an unknown protocol', { KAFKA_SECURITY_PROTOCOL: 'tls' }, 'KAFKA_SECURITY_PROTOCOL must be'],
    ['an unknown mechanism', { ...sasl, KAFKA_SASL_MECHANISM: 'GSSAPI' }, 'KAFKA_SASL_MECHANISM'],
    [
      'a password that is not used',
      { KAFKA_USERNAME: 'me', KAFKA_PASSWORD: 'secret' },
      'an account is set, but would not be used',
    ],
    ['a certificate that is not used', { KAFKA_CA: pem }, 'certificates are set, but would not be used'],
    ['a certificate without its key', { KAFKA_SECURITY_PROTOCOL: 'ssl', KAFKA_CERTIFICATE_FILE: 'c.pem' }, 'set both or none'],
    ['an account without a password', { ...sasl, KAFKA_PASSWORD: '' }, 'one is required for SCRAM-SHA-512'],
    ['a password twice', { ...sasl, KAFKA_PASSWORD_FILE: 'p' }, 'KAFKA_PASSWORD: set it or KAFKA_PASSWORD_FILE, not both'],
    ['a token and a password mechanism', { ...sasl, KAFKA_TOKEN_FILE: 't' }, 'set OAUTHBEARER'],
    ['OAUTHBEARER without a token', token, 'set one of them for OAUTHBEARER'],
    ['a token endpoint without TLS', { ...endpoint, KAFKA_TOKEN_URL: 'http://id.example/token' }, 'must be https'],
    [
      'an endpoint without a client',
      { ...token, KAFKA_TOKEN_URL: 'https://id.example/token' },
      'KAFKA_TOKEN_CLIENT_ID: is required',
    ],
  ])('may not be %s', (_what, env, fault) => {
    expect(() => load(env)).toThrow(fault);
    expect(() => load(env)).not.toThrow(/: secret/);
  });
});
