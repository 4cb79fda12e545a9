import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { ISocketFactory, KafkaConfig, SASLOptions } from 'kafkajs';
import { type KafkaAccessValues, type TextSource, textSource, usesSasl, usesTls } from '#platform';
import { bearerLogin } from './bearer-login.ts';
import { type AccessToken, tokenFromEndpoint, tokenFromFile } from './access-token.ts';
import { fromKafkajs } from './broker-address.ts';

/** Certificates and keys of an encrypted connection, as PEM. */
export interface TlsAccess {
  /** Authorities that may sign the certificates of the brokers. Default: those of Node.js. */
  readonly ca?: TextSource | undefined;
  /** The client certificate and its private key. */
  readonly certificate?: TextSource | undefined;
  readonly key?: TextSource | undefined;
  readonly passphrase?: string | undefined;
}

/** How a process proves its account. */
export type KafkaLogin =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: TextSource;
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: AccessToken; readonly owner: string };

/** How a process reaches the brokers. Default: unencrypted, without an account. */
export interface KafkaAccess {
  readonly tls?: TlsAccess | undefined;
  readonly login?: KafkaLogin | undefined;
}

/**
 * Reads the files that the settings name, and returns how to reach the brokers.
 * @throws PlatformError `CONFIG_INVALID` if a file cannot be read.
 */
export function kafkaAccessOf(settings: KafkaAccessValues): KafkaAccess {
  return { tls: usesTls(settings) ? tlsOf(settings) : undefined, login: usesSasl(settings) ? loginOf(settings) : undefined };
}

function tlsOf(settings: KafkaAccessValues): TlsAccess {
  return {
    ca: textSource(pem(settings.kafkaCa), settings.kafkaCaFile, 'KAFKA_CA_FILE'),
    certificate: textSource(pem(settings.kafkaCertificate), settings.kafkaCertificateFile, 'KAFKA_CERTIFICATE_FILE'),
    key: textSource(pem(settings.kafkaKey), settings.kafkaKeyFile, 'KAFKA_KEY_FILE'),
    passphrase: settings.kafkaKeyPassphrase,
  };
}

/** Environment files cannot hold line ends, so `\n` stands for one. */
function pem(text: string | undefined): string | undefined {
  return text?.replaceAll('\\n', '\n');
}

function loginOf(settings: KafkaAccessValues): KafkaLogin {
  const { kafkaSaslMechanism: mechanism, kafkaTokenUrl: url } = settings;
  if (mechanism === 'OAUTHBEARER') {
    if (url === undefined) {
      const file = settings.kafkaTokenFile ?? '';
      return { mechanism, token: tokenFromFile(required(textSource(undefined, file, 'KAFKA_TOKEN_FILE'))), owner: file };
    }
    const { kafkaTokenClientId: clientId = '', kafkaTokenScope: scope, kafkaTokenCaFile: caFile } = settings;
    const secretFile = settings.kafkaTokenClientSecretFile;
    const clientSecret = required(textSource(settings.kafkaTokenClientSecret, secretFile, 'KAFKA_TOKEN_CLIENT_SECRET_FILE'));
    const ca = textSource(undefined, caFile, 'KAFKA_TOKEN_CA_FILE');
    return { mechanism, token: tokenFromEndpoint({ url, clientId, clientSecret, scope, ca }), owner: clientId };
  }
  return {
    mechanism: mechanism as 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512',
    username: settings.kafkaUsername ?? '',
    password: required(textSource(settings.kafkaPassword, settings.kafkaPasswordFile, 'KAFKA_PASSWORD_FILE')),
  };
}

/** The settings were checked: one of value and file is set. */
function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a setting is missing that was checked before');
  return value;
}

/** The account in words, for errors. Holds no secret. */
export function accountName({ tls, login }: KafkaAccess): string {
  if (login?.mechanism === 'OAUTHBEARER') return `the account of the token of ${login.owner}`;
  if (login !== undefined) return `account ${login.username}`;
  return tls?.certificate === undefined ? 'a client without an account' : 'the account of the client certificate';
}

const keepAliveMs = 60_000;

/**
 * Makes sockets as kafkajs does, with these changes. Small requests are sent without delay. Node
 * does not warn about many listeners: one for each request that waits for a broker that is down.
 * Certificate files are read again, so that they may be renewed. No environment variable of Node.js
 * turns the verification off.
 */
export function socketFactoryOf({ tls }: KafkaAccess): ISocketFactory {
  return ({ host: name, port, onConnect }) => {
    const host = fromKafkajs(name);
    const socket: Socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true }, onConnect)
        : connectTls(
            {
              host,
              port,
              ...(isIP(host) === 0 ? { servername: host } : {}),
              ...(tls.ca === undefined ? {} : { ca: tls.ca() }),
              ...(tls.certificate === undefined ? {} : { cert: tls.certificate() }),
              ...(tls.key === undefined ? {} : { key: tls.key() }),
              ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
              minVersion: 'TLSv1.2',
              rejectUnauthorized: true,
              checkServerIdentity,
            },
            onConnect,
          );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.setMaxListeners(0);
    return socket;
  };
}

/** The part of the settings of kafkajs that says how to log in. */
export function saslOf({ login }: KafkaAccess): Pick<KafkaConfig, 'sasl'> {
  if (login === undefined) return {};
  if (login.mechanism === 'OAUTHBEARER') return { sasl: bearerLogin(login.token) };
  const { mechanism, username, password } = login;
  const sasl = {
    mechanism: mechanism.toLowerCase(),
    username,
    // kafkajs reads the password at each login, so it may change meanwhile.
    get password() {
      return password();
    },
  };
  return { sasl: sasl as SASLOptions };
}
