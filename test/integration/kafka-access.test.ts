/**
 * Goal: a service reaches brokers by TLS and by every kind of account, and a refusal is a clear
 * error within seconds.
 * Method: one broker with a listener for each kind. Settings come from variables, as in a service.
 * Certificates are made with openssl.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningBroker, startBroker } from '#broker';
import { type PlatformError, Topics } from '#contracts';
import { connectKafka, kafkaAccessOf, type KafkaGateway, setUpAccounts } from '#kafka';
import { loadConfig, ServiceConfig } from '#platform';
import { eventually } from '#testing';
import { Authority, type CertificateFiles } from '../certificates.ts';
import { systemTool } from '../foreign-tools.ts';
import { freePort } from '#broker';

const openssl = await systemTool('openssl', 'version');
const topic = 'access.work';
const listeners = ['PLAINTEXT', 'TLS', 'MUTUAL', 'OTHERHOST', 'SASL', 'SASLTLS', 'CONTROLLER'] as const;
const ports = new Map<string, number>();
const gateways: KafkaGateway[] = [];
let folder: string;
let authority: Authority;
let client: CertificateFiles;
let broker: RunningBroker;
let endpoint: Server;
let endpointUrl: string;
let tokensGiven = 0;

/** A token that Kafka takes without a signature. For tests only. */
function tokenFor(subject: string, lifeSeconds: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + lifeSeconds })}.`;
}

const module = 'org.apache.kafka.common.security';

function saslProperties(listener: string): Record<string, string> {
  const name = `listener.name.${listener}`;
  return {
    [`${name}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${name}.plain.sasl.jaas.config`]: `${module}.plain.PlainLoginModule required user_plain="plain-password";`,
    [`${name}.scram-sha-256.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
    [`${name}.scram-sha-512.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
    [`${name}.oauthbearer.sasl.jaas.config`]: `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    // kafkajs logs in again 10 s before the end of a session: after 2 s.
    [`${name}.connections.max.reauth.ms`]: '12000',
  };
}

function tlsProperties(listener: string, { both }: CertificateFiles): Record<string, string> {
  const name = `listener.name.${listener}.ssl`;
  return {
    [`${name}.keystore.type`]: 'PEM',
    [`${name}.keystore.location`]: both,
    [`${name}.truststore.type`]: 'PEM',
    [`${name}.truststore.location`]: authority.file,
  };
}

const setPasswords = async (passwords: Readonly<Record<'SCRAM-SHA-256' | 'SCRAM-SHA-512', string>>) =>
  setUpAccounts({
    brokers: [broker.bootstrapServers],
    access: {},
    accounts: (['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).map((mechanism) => ({
      name: mechanism.toLowerCase(),
      mechanism,
      password: passwords[mechanism],
      rights: [],
    })),
    topics: [],
    replication: 1,
  });

const passwords = { 'SCRAM-SHA-256': 'password-of-256', 'SCRAM-SHA-512': 'password-of-512' };

beforeAll(async () => {
  if ('missing' in openssl) return;
  folder = await mkdtemp(join(tmpdir(), 'sendoff-access-'));
  authority = await Authority.create(folder, 'authority');
  const server = await authority.certify('server', 'IP:127.0.0.1');
  const elsewhere = await authority.certify('elsewhere', 'DNS:elsewhere.test');
  client = await authority.certify('client', 'DNS:client.test');
  for (const listener of listeners) ports.set(listener, await freePort());
  const all = listeners.map((listener) => `${listener}://127.0.0.1:${ports.get(listener)}`);
  const protocols =
    'PLAINTEXT:PLAINTEXT,TLS:SSL,MUTUAL:SSL,OTHERHOST:SSL,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,CONTROLLER:PLAINTEXT';
  broker = await startBroker({
    dataDir: folder,
    port: ports.get('PLAINTEXT') ?? 0,
    isShortLived: true,
    properties: {
      listeners: all.join(','),
      'advertised.listeners': all.filter((one) => !one.startsWith('CONTROLLER')).join(','),
      'listener.security.protocol.map': protocols,
      'controller.quorum.voters': `1@127.0.0.1:${ports.get('CONTROLLER')}`,
      'inter.broker.listener.name': 'PLAINTEXT',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'true',
      'super.users': 'User:ANONYMOUS',
      ...tlsProperties('tls', server),
      ...tlsProperties('mutual', server),
      'listener.name.mutual.ssl.client.auth': 'required',
      ...tlsProperties('otherhost', elsewhere),
      ...tlsProperties('sasltls', server),
      ...saslProperties('sasl'),
      ...saslProperties('sasltls'),
    },
  });
  await setPasswords(passwords);
  const open = await connect({});
  await open.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: 3_600_000 }]);
  const basic = `Basic ${Buffer.from('a-client:the-secret').toString('base64')}`;
  endpoint = createServer((request, response) => {
    if (request.headers.authorization !== basic) return void response.writeHead(401).end('{"error":"invalid_client"}');
    tokensGiven += 1;
    return void response.end(JSON.stringify({ access_token: tokenFor('a-client', 11), expires_in: 1 }));
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  endpointUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`;
}, 120_000);
afterEach(async () => {
  await Promise.all(gateways.splice(0).map(async (gateway) => gateway.close()));
});
afterAll(async () => {
  endpoint?.close();
  await broker?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** Connects with the variables of a service. */
async function connect(
  env: Readonly<Record<string, string>>,
  listener: (typeof listeners)[number] = 'PLAINTEXT',
  connectTimeoutMs = 30_000,
): Promise<KafkaGateway> {
  const config = loadConfig(ServiceConfig, env);
  const gateway = await connectKafka({
    brokers: [`127.0.0.1:${ports.get(listener)}`],
    access: kafkaAccessOf(config),
    clientId: 'access',
    topics: new Topics('access.'),
    replication: 1,
    connectTimeoutMs,
  });
  gateways.push(gateway);
  return gateway;
}

const publish = async (gateway: KafkaGateway) => gateway.publisher.publish({ topic, value: Buffer.from('1'), headers: {} });

/** Publishes, and reads to the end: both connections of a broker log in. */
async function expectUse(gateway: KafkaGateway): Promise<void> {
  await publish(gateway);
  let seen = 0;
  const follower = gateway.follower({ topic, from: 'earliest' });
  await follower.start(() => {
    seen += 1;
  });
  await follower.close();
  expect(seen).toBeGreaterThan(0);
}

const tls = () => ({ KAFKA_SECURITY_PROTOCOL: 'ssl', KAFKA_CA_FILE: authority.file });
const sasl = (mechanism: string, more: Readonly<Record<string, string>>) => ({
  KAFKA_SECURITY_PROTOCOL: 'sasl_ssl',
  KAFKA_CA_FILE: authority.file,
  KAFKA_SASL_MECHANISM: mechanism,
  ...more,
});
const accounts: readonly (readonly [mechanism: string, username: string, password: string])[] = [
  ['PLAIN', 'plain', 'plain-password'],
  ['SCRAM-SHA-256', 'scram-sha-256', passwords['SCRAM-SHA-256']],
  ['SCRAM-SHA-512', 'scram-sha-512', passwords['SCRAM-SHA-512']],
];
const byEndpoint = (secret = 'the-secret') =>
  sasl('OAUTHBEARER', { KAFKA_TOKEN_URL: endpointUrl, KAFKA_TOKEN_CLIENT_ID: 'a-client', KAFKA_TOKEN_CLIENT_SECRET: secret });

describe.skipIf('missing' in openssl)('missing' in openssl ? openssl.missing : 'a service', () => {
  it('speaks TLS, with an authority from a file', async () => expectUse(await connect(tls(), 'TLS')));

  it('shows a client certificate', async () => {
    const env = { ...tls(), KAFKA_CERTIFICATE_FILE: client.certificate, KAFKA_KEY_FILE: client.key };
    await expectUse(await connect(env, 'MUTUAL'));
  });

  it.each(accounts)('logs in by %s, over TLS and without', async (mechanism, username, password) => {
    const env = sasl(mechanism, { KAFKA_USERNAME: username, KAFKA_PASSWORD: password });
    await expectUse(await connect(env, 'SASLTLS'));
    const { KAFKA_CA_FILE: _, ...open } = env;
    await expectUse(await connect({ ...open, KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext' }, 'SASL'));
  });

  it('logs in with a token of a file', async () => {
    const file = join(folder, 'token');
    await writeFile(file, `${tokenFor('somebody', 600)}\n`);
    await expectUse(await connect(sasl('OAUTHBEARER', { KAFKA_TOKEN_FILE: file }), 'SASLTLS'));
  });

  it('logs in with tokens of an endpoint, and again with a new one before a session ends', async () => {
    const gateway = await connect(byEndpoint(), 'SASLTLS');
    await expectUse(gateway);
    const before = tokensGiven;
    await eventually(
      async () => {
        await publish(gateway);
        return tokensGiven > before + 1;
      },
      { deadlineMs: 30_000, pauseMs: 100 },
    );
    expect(gateway.isConnected()).toBe(true);
  });

  it('takes a renewed password from its file at the next login', async () => {
    const file = join(folder, 'password');
    await writeFile(file, passwords['SCRAM-SHA-512']);
    const env = sasl('SCRAM-SHA-512', { KAFKA_USERNAME: 'scram-sha-512', KAFKA_PASSWORD_FILE: file });
    const gateway = await connect(env, 'SASLTLS');
    await publish(gateway);
    await setPasswords({ ...passwords, 'SCRAM-SHA-512': 'a-renewed-password' });
    await writeFile(file, 'a-renewed-password');
    await expectUse(gateway);
    await setPasswords(passwords);
  });

  it('is not ready once its password was withdrawn, and is again when it is given back', async () => {
    const env = sasl('SCRAM-SHA-512', { KAFKA_USERNAME: 'scram-sha-512', KAFKA_PASSWORD: passwords['SCRAM-SHA-512'] });
    const gateway = await connect(env, 'SASLTLS');
    await publish(gateway);
    await setPasswords({ ...passwords, 'SCRAM-SHA-512': 'another-password' });
    await eventually(() => !gateway.isConnected(), { deadlineMs: 45_000 });
    await expect(publish(gateway)).rejects.toMatchObject({ code: 'BROKER_LOGIN_FAILED' });
    await setPasswords(passwords);
    await eventually(() => gateway.isConnected(), { deadlineMs: 30_000 });
    await eventually(async () => publish(gateway).then(() => true), { deadlineMs: 30_000 });
  }, 120_000);

  describe('is refused within seconds', () => {
    const refusals: readonly (readonly [
      what: string,
      listener: (typeof listeners)[number],
      env: () => Readonly<Record<string, string>>,
      code: string,
      message: RegExp,
    ])[] = [
      [
        'by an authority that it does not know',
        'TLS',
        () => ({ KAFKA_SECURITY_PROTOCOL: 'ssl' }),
        'BROKER_TLS_FAILED',
        /UNABLE_TO|SELF_SIGNED/,
      ],
      ['by the name of another host', 'OTHERHOST', tls, 'BROKER_TLS_FAILED', /ERR_TLS_CERT_ALTNAME_INVALID/],
      ['without a client certificate', 'MUTUAL', tls, 'BROKER_TLS_FAILED', /client certificate/],
      ['with TLS at a port without', 'PLAINTEXT', tls, 'BROKER_TLS_FAILED', /does not speak TLS|wrong version|EPROTO/i],
      ['without TLS at a port with it', 'TLS', () => ({}), 'BROKER_TLS_FAILED', /speaks TLS: set KAFKA_SECURITY_PROTOCOL/],
      ['without an account where one is expected', 'SASL', () => ({}), 'BROKER_LOGIN_FAILED', /expects an account/],
      ['with TLS but without an account', 'SASLTLS', tls, 'BROKER_LOGIN_FAILED', /expects an account/],
      ...accounts.map(
        ([mechanism, username]) =>
          [
            `with a wrong password by ${mechanism}`,
            'SASLTLS',
            () => sasl(mechanism, { KAFKA_USERNAME: username, KAFKA_PASSWORD: 'not-the-secret' }),
            'BROKER_LOGIN_FAILED',
            new RegExp(`refuse account ${username}`),
          ] as const,
      ),
      [
        'with a wrong client secret',
        'SASLTLS',
        () => byEndpoint('not-the-secret'),
        'BROKER_TOKEN_UNAVAILABLE',
        /answered 401; check the client id/,
      ],
    ];

    it.each(refusals)('%s', async (_what, listener, env, code, message) => {
      const startedAt = performance.now();
      const failure = await connect(env(), listener).catch((error: Error) => error);
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      const { message: said, details } = failure as PlatformError;
      expect(said + JSON.stringify(details)).not.toContain('not-the-secret');
    });

    it('with a token that has expired', async () => {
      const file = join(folder, 'expired');
      await writeFile(file, tokenFor('somebody', -60));
      await expect(connect(sasl('OAUTHBEARER', { KAFKA_TOKEN_FILE: file }), 'SASLTLS')).rejects.toMatchObject({
        code: 'BROKER_LOGIN_FAILED',
        message: expect.stringContaining('invalid_token'),
      });
    });
  });

  it('is told apart from a broker that is not there', async () => {
    ports.set('CONTROLLER', await freePort());
    await expect(connect({}, 'CONTROLLER', 2_000)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });

  it('verifies certificates even where Node.js is told not to', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(connect(tls(), 'OTHERHOST')).rejects.toMatchObject({ code: 'BROKER_TLS_FAILED' });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });
});
