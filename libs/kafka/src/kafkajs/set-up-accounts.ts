/**
 * Sets up the accounts of an installation at a broker of its own: passwords, rights and topics.
 *
 * Everything is written again at each start, and rights that an account no longer needs are
 * removed. So the first start, a start after an update and a start on the data of a broker without
 * accounts are the same.
 */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import type { KafkaOperation, KafkaRight } from '#contracts';
import { noopLog, type TransportLog } from '../log.ts';
import type { TopicSpec } from '../ports.ts';
import { AdminConnection } from './admin-connection.ts';
import { withTimeout } from './broker-errors.ts';
import { accountName, type KafkaAccess, saslOf, socketFactoryOf } from './kafka-access.ts';
import { KafkajsAdmin } from './kafkajs-admin.ts';
import { newCluster } from './kafkajs-internals.ts';
import { useOwnBrokerPool } from './own-broker-pool.ts';
import { askRaw, type Decoder, Encoder } from './raw-request.ts';
import { TopicEnds } from './topic-ends.ts';
import { logThrough } from './kafkajs-log.ts';

/** An account, and all that it may do. */
export interface AccountSetup {
  readonly name: string;
  readonly password: string;
  /** Default SCRAM-SHA-512. */
  readonly mechanism?: keyof typeof digests;
  readonly rights: readonly KafkaRight[];
}

/** Accounts and topics to set up, and how to reach the brokers as an account that may do so. */
export interface AccountsSetup {
  readonly brokers: readonly string[];
  readonly access: KafkaAccess;
  /** Without any, only topics are created and checked, and no right on the cluster is needed. */
  readonly accounts: readonly AccountSetup[];
  /** Topics to create and to check, because none of the accounts may create or change one. */
  readonly topics: readonly TopicSpec[];
  /** Replicas of these topics. */
  readonly replication: number;
  readonly log?: TransportLog;
}

const timeoutMs = 15_000;
const connectTimeoutMs = 30_000;
const alterScram = { apiKey: 51, apiVersion: 0, apiName: 'AlterUserScramCredentials' } as const;
/** The digests of SCRAM, with the numbers that Kafka has for them. */
const digests = {
  'SCRAM-SHA-256': { number: 1, name: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { number: 2, name: 'sha512', bytes: 64 },
} as const;
/** Kafka's least number. The passwords are random: more rounds would only slow each login down. */
const iterations = 4_096;

const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
const resourceTypes = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
} as const;
const operations: Readonly<Record<KafkaOperation, number>> = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  create: AclOperationTypes.CREATE,
  delete: AclOperationTypes.DELETE,
  describe: AclOperationTypes.DESCRIBE,
  describeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};
const patterns = { literal: ResourcePatternTypes.LITERAL, prefixed: ResourcePatternTypes.PREFIXED } as const;

/**
 * Sets up accounts, and creates and checks topics.
 * @throws PlatformError `BROKER_UNAVAILABLE`, `BROKER_LOGIN_FAILED`, `BROKER_ACCESS_DENIED`,
 *   `TOPIC_UNSUITABLE`.
 */
export async function setUpAccounts(setup: AccountsSetup): Promise<void> {
  const { brokers, access, topics, replication } = setup;
  const common = {
    brokers: [...brokers],
    clientId: 'accounts',
    connectionTimeout: 3_000,
    requestTimeout: timeoutMs,
    // See `own-broker-pool.ts`.
    enforceRequestTimeout: false,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: logThrough(setup.log ?? noopLog),
    socketFactory: socketFactoryOf(access),
    ...saslOf(access),
  };
  const account = accountName(access);
  useOwnBrokerPool();
  const admin = new AdminConnection(
    new kafkajs.Kafka({ ...common, retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 20 } }),
    account,
  );
  await admin.connect(connectTimeoutMs);
  try {
    if (setup.accounts.length > 0) {
      await withTimeout(timeoutMs, 'setting passwords', setPasswords(newCluster(common), setup.accounts), { account });
      await admin.ask(timeoutMs, 'setting rights', (asking) => setRights(asking, setup.accounts));
    }
    const log = setup.log ?? noopLog;
    const connection = () => newCluster(common);
    const parts = { admin, newCluster: connection, brokers, account, replication, timeoutMs, log };
    const topicAdmin = new KafkajsAdmin(parts, new TopicEnds(connection, 0), async () => 0);
    await topicAdmin.ensureTopics(topics);
    await topicAdmin.checkTopics(topics);
  } finally {
    await admin.disconnect();
  }
}

/** Sends a request that kafkajs does not know. @see KIP-554 */
async function setPasswords(cluster: ReturnType<typeof newCluster>, accounts: readonly AccountSetup[]): Promise<void> {
  await cluster.connect();
  try {
    await cluster.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    const results = await askRaw(broker, alterScram, encodePasswords(accounts), readResults);
    const failed = results.find(({ errorCode }) => errorCode !== 0);
    if (failed !== undefined)
      throw new Error(`the password of ${failed.name} was refused: ${failed.message ?? `error ${failed.errorCode}`}`);
  } finally {
    void cluster.disconnect().catch(() => undefined);
  }
}

function encodePasswords(accounts: readonly AccountSetup[]): Encoder {
  const upsertions = accounts.map(({ name, password, mechanism = 'SCRAM-SHA-512' }) => {
    const digest = digests[mechanism];
    const salt = randomBytes(32);
    return new Encoder()
      .writeUVarIntString(name)
      .writeInt8(digest.number)
      .writeInt32(iterations)
      .writeUVarIntBytes(salt)
      .writeUVarIntBytes(pbkdf2Sync(password, salt, iterations, digest.bytes, digest.name))
      .writeUVarIntBytes();
  });
  // An empty list of tagged fields ends the header, each entry and the request.
  return new Encoder().writeUVarIntBytes().writeUVarIntArray([]).writeUVarIntArray(upsertions).writeUVarIntBytes();
}

function readResults(
  decoder: Decoder,
): readonly { readonly name: string | null; readonly errorCode: number; readonly message: string | null }[] {
  decoder.readTaggedFields();
  decoder.readInt32(); // throttle time
  return decoder.readUVarIntArray((entry) => {
    const result = { name: entry.readUVarIntString(), errorCode: entry.readInt16(), message: entry.readUVarIntString() };
    entry.readTaggedFields();
    return result;
  });
}

/** Adds the rights that are missing, then removes those that are too many. */
async function setRights(admin: Admin, accounts: readonly AccountSetup[]): Promise<void> {
  const wanted = new Map(accounts.flatMap(entriesOf).map((entry) => [nameOf(entry), entry]));
  const principals = new Set(accounts.map(({ name }) => principalOf(name)));
  const { resources } = await admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  });
  const present = new Map(
    resources
      .flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
        acls.map((acl): AclEntry => ({ resourceType, resourceName, resourcePatternType, ...acl })),
      )
      .filter(({ principal }) => principals.has(principal))
      .map((entry) => [nameOf(entry), entry]),
  );
  const missing = [...wanted.values()].filter((entry) => !present.has(nameOf(entry)));
  const excess = [...present.values()].filter((entry) => !wanted.has(nameOf(entry)));
  if (missing.length > 0) await admin.createAcls({ acl: missing });
  if (excess.length > 0) await admin.deleteAcls({ filters: excess });
}

function principalOf(name: string): string {
  return `User:${name}`;
}

function entriesOf({ name, rights }: AccountSetup): readonly AclEntry[] {
  return rights.flatMap((right) =>
    right.operations.map((operation) => ({
      resourceType: resourceTypes[right.resource],
      resourceName: right.name,
      resourcePatternType: patterns[right.pattern],
      principal: principalOf(name),
      host: '*',
      operation: operations[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  );
}

function nameOf(entry: AclEntry): string {
  const { resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType } = entry;
  return JSON.stringify([resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType]);
}
