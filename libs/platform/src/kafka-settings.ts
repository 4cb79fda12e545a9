import { isIP } from 'node:net';
import { IsIn, IsOptional, IsString, IsUrl, Matches } from 'class-validator';
import { Setting } from './load-config.ts';

/** Ways to prove an account to the brokers. OAUTHBEARER sends a token, the others a password. */
const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;

const isAbsent = (value: unknown) => value === undefined;

/**
 * How a program reaches the brokers: encrypted or not, and as which account. Certificates and host
 * names are always verified.
 */
export class KafkaAccessSettings {
  @Setting({
    env: 'KAFKA_SECURITY_PROTOCOL',
    description:
      'How to reach the brokers, in the words of Kafka: `plaintext`, `ssl` (TLS), `sasl_plaintext` (an account, without TLS) ' +
      'or `sasl_ssl` (an account, with TLS).',
  })
  @Matches(/^(sasl_)?(plaintext|ssl)$/i, {
    message: 'KAFKA_SECURITY_PROTOCOL must be plaintext, ssl, sasl_plaintext or sasl_ssl',
  })
  kafkaSecurityProtocol: string = 'plaintext';

  @Setting({
    env: 'KAFKA_CA_FILE',
    description:
      'PEM file of the certificate authorities that may sign the certificates of the brokers. Unset: those of Node.js.',
  })
  @IsOptional()
  @IsString()
  kafkaCaFile?: string;

  @Setting({ env: 'KAFKA_CA', description: 'The same as PEM text, instead of the file.' })
  @IsOptional()
  @Matches(/-----BEGIN CERTIFICATE-----/, { message: 'KAFKA_CA must be PEM' })
  kafkaCa?: string;

  @Setting({
    env: 'KAFKA_CERTIFICATE_FILE',
    description: 'PEM file of the client certificate, if the brokers ask for one. Read again at each connection.',
  })
  @IsOptional()
  @IsString()
  kafkaCertificateFile?: string;

  @Setting({ env: 'KAFKA_CERTIFICATE', description: 'The same as PEM text, instead of the file.' })
  @IsOptional()
  @Matches(/-----BEGIN CERTIFICATE-----/, { message: 'KAFKA_CERTIFICATE must be PEM' })
  kafkaCertificate?: string;

  @Setting({ env: 'KAFKA_KEY_FILE', description: 'PEM file of the private key of the client certificate.' })
  @IsOptional()
  @IsString()
  kafkaKeyFile?: string;

  @Setting({ env: 'KAFKA_KEY', description: 'The same as PEM text, instead of the file.', isSecret: true })
  @IsOptional()
  @Matches(/-----BEGIN [A-Z ]*PRIVATE KEY-----/, { message: 'KAFKA_KEY must be PEM' })
  kafkaKey?: string;

  @Setting({ env: 'KAFKA_KEY_PASSPHRASE', description: 'Passphrase of the private key, if it has one.', isSecret: true })
  @IsOptional()
  @IsString()
  kafkaKeyPassphrase?: string;

  @Setting({
    env: 'KAFKA_SASL_MECHANISM',
    description: '`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`; for `sasl_plaintext` and `sasl_ssl`.',
  })
  @IsIn(saslMechanisms)
  kafkaSaslMechanism: string = 'SCRAM-SHA-512';

  @Setting({ env: 'KAFKA_USERNAME', description: 'Name of the account, for PLAIN and SCRAM.' })
  @IsOptional()
  @IsString()
  kafkaUsername?: string;

  @Setting({
    env: 'KAFKA_PASSWORD_FILE',
    description: 'File with the password of the account. Read again at each login, so that it may change.',
  })
  @IsOptional()
  @IsString()
  kafkaPasswordFile?: string;

  @Setting({ env: 'KAFKA_PASSWORD', description: 'The password itself, instead of the file.', isSecret: true })
  @IsOptional()
  @IsString()
  kafkaPassword?: string;

  @Setting({
    env: 'KAFKA_TOKEN_FILE',
    description: 'File with the token for OAUTHBEARER, such as a mounted service account token. Read again at each login.',
  })
  @IsOptional()
  @IsString()
  kafkaTokenFile?: string;

  @Setting({
    env: 'KAFKA_TOKEN_URL',
    description:
      'Token endpoint for OAUTHBEARER (OAuth 2.0, client credentials), instead of the file. It must be https, except on loopback.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  kafkaTokenUrl?: string;

  @Setting({
    env: 'KAFKA_TOKEN_CA_FILE',
    description: 'PEM file of the authorities that may sign the certificate of the token endpoint. Unset: those of Node.js.',
  })
  @IsOptional()
  @IsString()
  kafkaTokenCaFile?: string;

  @Setting({ env: 'KAFKA_TOKEN_CLIENT_ID', description: 'Client id at the token endpoint.' })
  @IsOptional()
  @IsString()
  kafkaTokenClientId?: string;

  @Setting({ env: 'KAFKA_TOKEN_CLIENT_SECRET_FILE', description: 'File with the client secret. Read again for each token.' })
  @IsOptional()
  @IsString()
  kafkaTokenClientSecretFile?: string;

  @Setting({ env: 'KAFKA_TOKEN_CLIENT_SECRET', description: 'The client secret itself, instead of the file.', isSecret: true })
  @IsOptional()
  @IsString()
  kafkaTokenClientSecret?: string;

  @Setting({ env: 'KAFKA_TOKEN_SCOPE', description: 'Scope to ask the token endpoint for.' })
  @IsOptional()
  @IsString()
  kafkaTokenScope?: string;

  /** Settings that contradict each other, or would have no effect. */
  faults(): readonly string[] {
    return [...doubleFaults(this), ...tlsFaults(this), ...loginFaults(this)];
  }
}

/** The values of {@link KafkaAccessSettings}. */
export type KafkaAccessValues = Omit<KafkaAccessSettings, 'faults'>;

function doubleFaults(values: KafkaAccessValues): readonly string[] {
  const pairs = [
    ['KAFKA_CA', values.kafkaCa, values.kafkaCaFile],
    ['KAFKA_CERTIFICATE', values.kafkaCertificate, values.kafkaCertificateFile],
    ['KAFKA_KEY', values.kafkaKey, values.kafkaKeyFile],
    ['KAFKA_PASSWORD', values.kafkaPassword, values.kafkaPasswordFile],
    ['KAFKA_TOKEN_CLIENT_SECRET', values.kafkaTokenClientSecret, values.kafkaTokenClientSecretFile],
  ] as const;
  return pairs
    .filter(([, value, file]) => value !== undefined && file !== undefined)
    .map(([name]) => `${name}: set it or ${name}_FILE, not both`);
}

function tlsFaults(values: KafkaAccessValues): readonly string[] {
  const certificate = values.kafkaCertificate ?? values.kafkaCertificateFile;
  const key = values.kafkaKey ?? values.kafkaKeyFile;
  if (!usesTls(values))
    return [certificate, key, values.kafkaCa ?? values.kafkaCaFile].every(isAbsent)
      ? []
      : ['KAFKA_SECURITY_PROTOCOL: certificates are set, but would not be used: set ssl or sasl_ssl'];
  return isAbsent(certificate) === isAbsent(key) ? [] : ['KAFKA_CERTIFICATE, KAFKA_KEY: set both or none'];
}

function loginFaults(values: KafkaAccessValues): readonly string[] {
  const { kafkaSaslMechanism: mechanism, kafkaUsername: username } = values;
  const password = values.kafkaPassword ?? values.kafkaPasswordFile;
  const token = values.kafkaTokenFile ?? values.kafkaTokenUrl;
  if (!usesSasl(values))
    return [username, password, token].every(isAbsent)
      ? []
      : ['KAFKA_SECURITY_PROTOCOL: an account is set, but would not be used: set sasl_plaintext or sasl_ssl'];
  if (mechanism === 'OAUTHBEARER') return tokenFaults(values);
  const faults = isAbsent(token) ? [] : ['KAFKA_SASL_MECHANISM: a token is set: set OAUTHBEARER'];
  if (isAbsent(username)) faults.push(`KAFKA_USERNAME: is required for ${mechanism}`);
  if (isAbsent(password)) faults.push(`KAFKA_PASSWORD, KAFKA_PASSWORD_FILE: one is required for ${mechanism}`);
  return faults;
}

function tokenFaults(values: KafkaAccessValues): readonly string[] {
  const { kafkaTokenFile: file, kafkaTokenUrl: url, kafkaTokenClientId: clientId } = values;
  if (isAbsent(file) === isAbsent(url)) return ['KAFKA_TOKEN_FILE, KAFKA_TOKEN_URL: set one of them for OAUTHBEARER'];
  if (url === undefined) return [];
  const faults: string[] = [];
  if (!isEncryptedOrLoopback(url)) faults.push('KAFKA_TOKEN_URL: must be https, because the client secret is sent to it');
  if (isAbsent(clientId)) faults.push('KAFKA_TOKEN_CLIENT_ID: is required with KAFKA_TOKEN_URL');
  if (isAbsent(values.kafkaTokenClientSecret ?? values.kafkaTokenClientSecretFile))
    faults.push('KAFKA_TOKEN_CLIENT_SECRET, KAFKA_TOKEN_CLIENT_SECRET_FILE: one is required with KAFKA_TOKEN_URL');
  return faults;
}

/** True if the connection to the brokers is encrypted. */
export function usesTls({ kafkaSecurityProtocol }: Pick<KafkaAccessValues, 'kafkaSecurityProtocol'>): boolean {
  return kafkaSecurityProtocol.toLowerCase().endsWith('ssl');
}

/** True if the program logs in to the brokers with an account. */
export function usesSasl({ kafkaSecurityProtocol }: Pick<KafkaAccessValues, 'kafkaSecurityProtocol'>): boolean {
  return kafkaSecurityProtocol.toLowerCase().startsWith('sasl_');
}

function isEncryptedOrLoopback(text: string): boolean {
  const url = URL.parse(text);
  const host = url?.hostname ?? '';
  return url?.protocol === 'https:' || host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
