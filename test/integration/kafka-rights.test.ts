/**
 * Goal: each account does all that its service needs, and nothing else.
 * Method: the broker that `npm start` brings, with its accounts. Each account tries to read and to
 * write each declared topic. The topic declarations say what must succeed.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Kafka } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningBroker, startBroker } from '#broker';
import {
  type KafkaAccount,
  kafkaAccounts,
  kafkaRightsOf,
  outsideAccount,
  type Service,
  topicDeclarations,
  Topics,
} from '#contracts';
import { connectKafka, type KafkaAccess, type KafkaGateway, setUpAccounts, topicSpecs } from '#kafka';
import { eventually } from '#testing';
import {
  type BrokerConnection,
  fetchedBy,
  type FetchRequest,
  newCluster,
} from '../../libs/kafka/src/kafkajs/kafkajs-internals.ts';
import { errorOf } from '../../libs/kafka/src/kafkajs/kafka-answers.ts';
import { socketFactoryOf, saslOf } from '../../libs/kafka/src/kafkajs/kafka-access.ts';
import { needsOf } from '../../libs/kafka/src/kafkajs/needed-rights.ts';

const topics = new Topics('rights.');
const passwords = new Map(kafkaAccounts.map((account) => [account, randomBytes(16).toString('hex')]));
const streamTopic = topics.ofStream('orders');
let dataDir: string;
let broker: RunningBroker;

function accessOf(account: KafkaAccount): KafkaAccess {
  const password = passwords.get(account) ?? '';
  return { login: { mechanism: 'SCRAM-SHA-512', username: topics.accountOf(account), password: () => password } };
}

/** Plain kafkajs, as any program uses it. */
function clientOf(access: KafkaAccess, servers = broker.bootstrapServers): Kafka {
  return new kafkajs.Kafka({
    brokers: [servers],
    ...saslOf(access),
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: kafkajs.logLevel.NOTHING,
  });
}

const setUp = async (names: readonly KafkaAccount[] = kafkaAccounts) => {
  const { admin } = broker;
  if (admin === undefined) throw new Error('the broker has no accounts');
  await setUpAccounts({
    brokers: [admin.servers],
    access: { login: { mechanism: 'PLAIN', username: admin.username, password: () => admin.password } },
    accounts: names.map((name) => ({
      name: topics.accountOf(name),
      password: passwords.get(name) ?? '',
      rights: kafkaRightsOf(name, topics, ['elsewhere']),
    })),
    topics: [
      ...topicSpecs(topics, 1),
      ...[streamTopic, 'elsewhere', 'unrelated'].map((topic) => ({ topic, partitions: 1, isCompacted: false, retentionMs: -1 })),
    ],
    replication: 1,
  });
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sendoff-rights-'));
  broker = await startBroker({ dataDir, hasAccounts: true, isShortLived: true });
  await setUp();
});
afterAll(async () => {
  await broker?.stop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
});

/** @returns the type of Kafka's error, or `allowed`. */
async function outcomeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'allowed',
    (error: { readonly type?: string; readonly cause?: { readonly type?: string }; readonly message: string }) =>
      error.type ?? error.cause?.type ?? error.message,
  );
}

/** The topics that an account can write, found by writing a record to each. */
async function writable(access: KafkaAccess, names: readonly string[]): Promise<readonly string[]> {
  const allowed: string[] = [];
  for (const topic of names) {
    // A producer of kafkajs fails for good after one topic was refused to it.
    const producer = clientOf(access).producer({ allowAutoTopicCreation: false });
    await producer.connect();
    const outcome = await outcomeOf(producer.send({ topic, messages: [{ key: 'k', value: 'v' }] }));
    await producer.disconnect();
    if (outcome === 'allowed') allowed.push(topic);
    else expect([topic, outcome]).toEqual([topic, 'TOPIC_AUTHORIZATION_FAILED']);
  }
  return allowed;
}

/** @throws the error of the only partition that is asked for. */
async function fetchFrom(reader: BrokerConnection, request: FetchRequest): Promise<void> {
  const { responses } = await fetchedBy(reader, request);
  const errorCode = responses[0]?.partitions[0]?.errorCode ?? 0;
  if (errorCode !== 0) throw errorOf(errorCode);
}

/** The topics that an account can read, found by a fetch of each. */
async function readable(access: KafkaAccess, names: readonly string[]): Promise<readonly string[]> {
  const cluster = newCluster({
    brokers: [broker.bootstrapServers],
    clientId: 'reader',
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    socketFactory: socketFactoryOf(access),
    ...saslOf(access),
    logLevel: 0,
    logCreator: () => () => undefined,
  });
  await cluster.connect();
  await cluster.refreshMetadata();
  const reader = await cluster.findBroker({ nodeId: '1' });
  const allowed: string[] = [];
  for (const topic of names) {
    const partitions = [{ partition: 0, fetchOffset: '0', maxBytes: 1_000 }];
    const request = { maxWaitTime: 1, minBytes: 1, maxBytes: 1_000, isolationLevel: 1, topics: [{ topic, partitions }] };
    const outcome = await outcomeOf(fetchFrom(reader, request));
    if (outcome === 'allowed') allowed.push(topic);
    else expect([topic, outcome]).toEqual([topic, 'TOPIC_AUTHORIZATION_FAILED']);
  }
  await cluster.disconnect();
  return allowed;
}

const declared = topicDeclarations.map(({ name }) => topics.name(name));
const all = [...declared, streamTopic, 'elsewhere', 'unrelated', '__consumer_offsets'];
/**
 * The coordinator of the group, or of the transaction, was refused. kafkajs hides it, unless our
 * broker pool is in place already.
 */
const groupRefused = /^(GROUP_AUTHORIZATION_FAILED|TRANSACTIONAL_ID_AUTHORIZATION_FAILED|Failed to find group coordinator)$/;
const sorted = (names: readonly string[]) => [...names].sort();

describe.each(topicDeclarations.flatMap(({ writtenBy }) => writtenBy).filter((one, at, every) => every.indexOf(one) === at))(
  'the account of the %s',
  (service: Service) => {
    const mine = (field: 'readBy' | 'writtenBy') =>
      topicDeclarations.filter((topic) => topic[field].includes(service)).map(({ name }) => topics.name(name));
    const streams = [streamTopic, 'elsewhere'];
    const written = [...mine('writtenBy'), ...(service === 'notifier' ? streams : [])];
    // It shows the newest records of streams.
    const read = [...mine('readBy'), ...(service === 'ingress' ? streams : [])];

    it('writes the topics of its declarations, and no other', async () => {
      expect(sorted(await writable(accessOf(service), all))).toEqual(sorted(written));
    });

    it('reads the topics of its declarations, and no other', async () => {
      expect(sorted(await readable(accessOf(service), all))).toEqual(sorted(read));
    });

    it('joins the group of its service, and no other', async () => {
      const topic = mine('readBy')[0] ?? '';
      const join = async (groupId: string) => {
        const consumer = clientOf(accessOf(service)).consumer({ groupId, retry: { retries: 8 } });
        const crashed = new Promise<never>((_resolve, reject) =>
          // A member that joins again is not refused: the broker may still load its first group.
          consumer.on(consumer.events.CRASH, ({ payload }) => {
            if (!payload.restart) reject(payload.error);
          }),
        );
        crashed.catch(() => undefined);
        const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
        await consumer.connect();
        try {
          await consumer.subscribe({ topic });
          await consumer.run({ eachMessage: async () => undefined });
          await Promise.race([joined, crashed]);
        } finally {
          await consumer.disconnect();
        }
      };
      expect(await outcomeOf(join(topics.groupOf(service)))).toBe('allowed');
      const another = service === 'ingress' ? 'executor' : 'ingress';
      expect(await outcomeOf(join(topics.groupOf(another)))).toMatch(groupRefused);
      expect(await outcomeOf(join(`rights.outside.${randomUUID()}`))).toMatch(groupRefused);
    });

    it('starts with exactly these rights', async () => {
      const gateway = await connectKafka({
        brokers: [broker.bootstrapServers],
        access: accessOf(service),
        clientId: service,
        topics,
        needs: needsOf(service, topics),
        replication: 1,
      });
      // Only the status-logger may delete its group, for a new store.
      const forgotten = await outcomeOf(gateway.admin.forgetGroup(topics.groupOf(service)));
      if (service === 'status-logger') expect(forgotten).toBe('allowed');
      else expect(forgotten).toBe('GROUP_AUTHORIZATION_FAILED');
      await gateway.close();
    });
  },
);

describe('the account from outside', () => {
  const access = () => accessOf(outsideAccount);

  it('writes the intake, and nothing else', async () => {
    expect(await writable(access(), all)).toEqual([topics.name('intake')]);
  });

  it('reads dead letters and the topics of users, and nothing else: not the registry', async () => {
    const expected = [topics.name('rejects'), topics.name('undelivered'), streamTopic, 'elsewhere'];
    expect(sorted(await readable(access(), all))).toEqual(sorted(expected));
  });

  it('uses groups and transactions under its own prefix only', async () => {
    const kafka = clientOf(access());
    const transaction = async (transactionalId: string) => {
      const producer = kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true });
      await producer.connect();
      try {
        const one = await producer.transaction();
        await one.send({ topic: topics.name('intake'), messages: [{ value: '{}' }] });
        await one.commit();
      } finally {
        await producer.disconnect();
      }
    };
    expect(await outcomeOf(transaction('rights.outside.mine'))).toBe('allowed');
    expect(await outcomeOf(transaction('rights.ingress'))).toMatch(groupRefused);
    const admin = kafka.admin();
    await admin.connect();
    expect(await outcomeOf(admin.fetchOffsets({ groupId: 'rights.outside.mine', topics: [topics.name('rejects')] }))).toBe(
      'allowed',
    );
    expect(
      await outcomeOf(admin.fetchOffsets({ groupId: topics.groupOf('executor'), topics: [topics.name('rejects')] })),
    ).toMatch(groupRefused);
    await admin.disconnect();
  });

  it('creates no topic, changes no rights, and sees no topic that it may not use', async () => {
    const admin = clientOf(access()).admin();
    await admin.connect();
    const create = admin.createTopics({ topics: [{ topic: topics.ofStream('more') }] });
    expect(await create.catch((error: { errors: { type: string }[] }) => error.errors[0]?.type)).toBe(
      'TOPIC_AUTHORIZATION_FAILED',
    );
    const acls = admin.describeAcls({ resourceType: 1, resourcePatternType: 1, operation: 1, permissionType: 1 });
    expect(await outcomeOf(acls)).toBe('CLUSTER_AUTHORIZATION_FAILED');
    expect(await admin.listTopics()).not.toContain(topics.name('registry'));
    await admin.disconnect();
  });
});

describe('a client that is refused', () => {
  const connect = async (access: KafkaAccess, service: Service = 'executor'): Promise<KafkaGateway> =>
    connectKafka({
      brokers: [broker.bootstrapServers],
      access,
      clientId: 'refused',
      topics,
      needs: needsOf(service, topics),
      replication: 1,
    });

  it('has no account: the error says within seconds that one is expected', async () => {
    const startedAt = performance.now();
    await expect(connect({})).rejects.toMatchObject({
      code: 'BROKER_LOGIN_FAILED',
      message: expect.stringMatching(/expects an account: set KAFKA_SECURITY_PROTOCOL/),
    });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  it('has a wrong password: the error names the account, and not the password', async () => {
    const username = topics.accountOf('executor');
    const failure = await connect({ login: { mechanism: 'SCRAM-SHA-512', username, password: () => 'wrong-password' } }).catch(
      (error: Error) => error,
    );
    expect(failure).toMatchObject({
      code: 'BROKER_LOGIN_FAILED',
      message: expect.stringContaining('refuse account rights.executor'),
    });
    expect(JSON.stringify(failure)).not.toContain('wrong-password');
  });

  it('lacks rights: the error names each topic, operation and the account', async () => {
    await expect(connect(accessOf(outsideAccount), 'notifier')).rejects.toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      message: expect.stringMatching(
        /account rights\.outside may not .*Read topic rights\.registry.*: grant it what docs\/kafka-acls\.md lists/,
      ),
    });
  });

  it('is the listener of the broker itself, for any client account', async () => {
    const { admin } = broker;
    await expect(
      connectKafka({
        brokers: [admin?.servers ?? ''],
        access: {
          login: { mechanism: 'PLAIN', username: topics.accountOf('ingress'), password: () => passwords.get('ingress') ?? '' },
        },
        clientId: 'refused',
        topics,
        replication: 1,
      }),
    ).rejects.toMatchObject({ code: 'BROKER_LOGIN_FAILED' });
  });
});

describe('a topic with settings that lose records', () => {
  const intake = topics.name('intake');
  const asAdmin = async (policy: string) => {
    const { admin } = broker;
    const password = () => admin?.password ?? '';
    const client = clientOf({ login: { mechanism: 'PLAIN', username: admin?.username ?? '', password } }, admin?.servers);
    const administrator = client.admin();
    await administrator.connect();
    const configEntries = [
      { name: 'cleanup.policy', value: policy },
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
    ];
    await administrator.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: intake, configEntries }] });
    await administrator.disconnect();
  };
  const check = async (account: KafkaAccount, lines: string[]) => {
    const log = (_level: string, message: string) => lines.push(message);
    const brokers = [broker.bootstrapServers];
    const gateway = await connectKafka({ brokers, access: accessOf(account), clientId: 'check', topics, replication: 1, log });
    try {
      await gateway.admin.checkTopics(topicSpecs(topics, 1, ['intake']));
    } finally {
      await gateway.close();
    }
  };

  it('stops a service whose account may read them and not change them: the error has the command', async () => {
    await asAdmin('compact');
    const message = await eventually(async () =>
      check('ingress', []).then(
        () => false,
        (error: Error) => error.message,
      ),
    );
    expect(message).toContain(`topic ${intake} has cleanup.policy=compact, and needs delete.`);
    expect(message).toContain('The brokers refuse the change by account rights.ingress');
    expect(message).toContain(`--entity-name ${intake} --add-config cleanup.policy=delete`);
  });

  it('is not seen by an account that may not read settings: one warning says so, and the start goes on', async () => {
    const lines: string[] = [];
    await check(outsideAccount, lines);
    expect(lines.filter((line) => line.includes('may not read the settings'))).toHaveLength(1);
  });

  it('is corrected where the accounts are set up', async () => {
    await setUp();
    await eventually(async () => check('ingress', []).then(() => true));
  });
});

it('rights that an account no longer needs are removed at the next start', async () => {
  const { admin } = broker;
  const executor = { name: topics.accountOf('executor'), password: passwords.get('executor') ?? '' };
  const set = async (rights: Parameters<typeof setUpAccounts>[0]['accounts'][number]['rights']) =>
    setUpAccounts({
      brokers: [admin?.servers ?? ''],
      access: { login: { mechanism: 'PLAIN', username: admin?.username ?? '', password: () => admin?.password ?? '' } },
      accounts: [{ ...executor, rights }],
      topics: [],
      replication: 1,
    });
  await set([{ resource: 'topic', pattern: 'literal', name: 'unrelated', operations: ['read'] }]);
  expect(await readable(accessOf('executor'), all)).toEqual(['unrelated']);
  await setUp();
  expect(await readable(accessOf('executor'), all)).not.toContain('unrelated');
});
