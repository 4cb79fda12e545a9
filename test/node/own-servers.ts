/** Kafka, PostgreSQL and an S3 of the operator, in a namespace of their own, all with TLS. */
import { readFile } from 'node:fs/promises';
import { Authority } from '../certificates.ts';
import { images } from './images.ts';
import type { KubernetesNode } from './kubernetes-node.ts';

const namespace = 'servers';
const password = 'the-password-of-the-servers';
const login = (user: string) =>
  `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${password}" user_broker="${password}";`;

/** Host names of the servers in the cluster, with their ports. */
export const hosts = {
  kafka: 'kafka.servers.svc:9093',
  postgresql: 'postgresql.servers.svc:5432',
  store: 'store.servers.svc:8333',
};

const broker: Readonly<Record<string, string>> = {
  KAFKA_NODE_ID: '1',
  KAFKA_PROCESS_ROLES: 'broker,controller',
  KAFKA_LISTENERS: 'CLIENTS://:9093,INTERNAL://127.0.0.1:9094,CONTROLLER://127.0.0.1:9095',
  KAFKA_ADVERTISED_LISTENERS: `CLIENTS://${hosts.kafka},INTERNAL://127.0.0.1:9094`,
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENTS:SASL_SSL,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT',
  KAFKA_INTER_BROKER_LISTENER_NAME: 'INTERNAL',
  KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
  KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9095',
  KAFKA_SASL_MECHANISM_INTER_BROKER_PROTOCOL: 'PLAIN',
  KAFKA_SASL_MECHANISM_CONTROLLER_PROTOCOL: 'PLAIN',
  KAFKA_LISTENER_NAME_CLIENTS_SASL_ENABLED_MECHANISMS: 'SCRAM-SHA-512',
  KAFKA_LISTENER_NAME_CLIENTS_SCRAM___SHA___512_SASL_JAAS_CONFIG:
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  KAFKA_LISTENER_NAME_INTERNAL_SASL_ENABLED_MECHANISMS: 'PLAIN',
  KAFKA_LISTENER_NAME_INTERNAL_PLAIN_SASL_JAAS_CONFIG: login('broker'),
  KAFKA_LISTENER_NAME_CONTROLLER_SASL_ENABLED_MECHANISMS: 'PLAIN',
  KAFKA_LISTENER_NAME_CONTROLLER_PLAIN_SASL_JAAS_CONFIG: login('broker'),
  KAFKA_SSL_KEYSTORE_TYPE: 'PEM',
  KAFKA_SSL_KEYSTORE_LOCATION: '/tls/both.pem',
  KAFKA_AUTHORIZER_CLASS_NAME: 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  KAFKA_SUPER_USERS: 'User:broker;User:admin',
  KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND: 'false',
  KAFKA_LOG_DIRS: '/var/lib/kafka/data/logs',
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
};

const variables = (env: Readonly<Record<string, string>>) => Object.entries(env).map(([name, value]) => ({ name, value }));
const ready = (port: number) => ({ tcpSocket: { port }, periodSeconds: 1, failureThreshold: 180 });
const tls = { name: 'tls', mountPath: '/tls' };

/** A pod and the name by which others reach it. Its user reads the key of the certificate. */
function server(name: string, user: number, containers: readonly object[]): readonly object[] {
  const metadata = { name, namespace, labels: { app: name } };
  const spec = {
    enableServiceLinks: false,
    securityContext: { runAsUser: user, runAsGroup: user, fsGroup: user },
    containers,
    volumes: [
      { name: 'tls', secret: { secretName: 'tls', defaultMode: 0o440 } },
      { name: 'data', emptyDir: {} },
    ],
  };
  return [
    { apiVersion: 'v1', kind: 'Pod', metadata, spec },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None', selector: { app: name } } },
  ];
}

const kafka = () =>
  server('kafka', 1000, [
    {
      name: 'kafka',
      image: images.kafka,
      env: variables(broker),
      startupProbe: ready(9093),
      volumeMounts: [tls, { name: 'data', mountPath: '/var/lib/kafka/data' }],
    },
  ]);

const postgresql = () =>
  server('postgresql', 999, [
    {
      name: 'postgresql',
      image: images.postgresql,
      args: ['-c', 'ssl=on', '-c', 'ssl_cert_file=/tls/server.pem', '-c', 'ssl_key_file=/tls/server.key'],
      env: variables({
        POSTGRES_USER: 'records',
        POSTGRES_DB: 'records',
        POSTGRES_PASSWORD: password,
        PGDATA: '/var/lib/postgresql/data/pgdata',
      }),
      startupProbe: ready(5432),
      volumeMounts: [tls, { name: 'data', mountPath: '/var/lib/postgresql/data' }],
    },
  ]);

/** The filer has no credentials and listens on loopback. The S3 API before it asks for them. */
const store = () =>
  server('store', 1000, [
    {
      name: 'filer',
      image: images.objectStore,
      command: ['/usr/bin/weed'],
      args: ['mini', '-dir=/data', '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-s3=false', '-webdav=false'],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    },
    {
      name: 's3',
      image: images.objectStore,
      command: ['/usr/bin/weed'],
      args: [
        ...['s3', '-filer=127.0.0.1:8888', '-ip=127.0.0.1', '-ip.bind=0.0.0.0', '-port=8333', '-port.iceberg=0', '-port.lance=0'],
        ...['-iam=false', '-autoCreateBucket=false', '-cert.file=/tls/server.pem', '-key.file=/tls/server.key'],
      ],
      env: variables({ AWS_ACCESS_KEY_ID: 'own-access', AWS_SECRET_ACCESS_KEY: password }),
      startupProbe: ready(8333),
      volumeMounts: [tls],
    },
  ]);

const secret = (name: string, of: string, entries: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: of },
  stringData: entries,
});

/** Starts the servers, and creates the Secrets by which an installation reaches them. */
export async function startOwnServers(node: KubernetesNode, installation: string): Promise<void> {
  const authority = await Authority.create(node.folder, 'authority');
  const names = Object.values(hosts).map((host) => `DNS:${host.split(':')[0]}`);
  const { certificate, key, both } = await authority.certify('server', names.join(','));
  const [pem, keyText, bothText] = await Promise.all([certificate, key, both].map(async (file) => readFile(file, 'utf8')));
  await node.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    secret('tls', namespace, { 'server.pem': pem ?? '', 'server.key': keyText ?? '', 'both.pem': bothText ?? '' }),
    ...[...kafka(), ...postgresql(), ...store()],
    secret('own-ca', installation, { 'ca.crt': await readFile(authority.file, 'utf8') }),
    secret('own-kafka-admin', installation, { password }),
    secret('own-database', installation, { 'database-url': `postgres://records:${password}@${hosts.postgresql}/records` }),
    secret('own-s3', installation, { 's3-access-key': 'own-access', 's3-secret-key': password }),
  );
  await node.kubectl('--namespace', namespace, 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=240s');
  await node.shell(`
    kubectl -n ${namespace} exec -i kafka -- bash -c 'cat > /tmp/admin.properties' <<'END'
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=${login('broker')}
END
    kubectl -n ${namespace} exec kafka -- /opt/kafka/bin/kafka-configs.sh --bootstrap-server 127.0.0.1:9094 \\
      --command-config /tmp/admin.properties --alter --entity-type users --entity-name admin \\
      --add-config 'SCRAM-SHA-512=[password=${password}]'
  `);
}

/** Values of the chart for these servers. */
export const ownServers = {
  kafka: {
    kind: 'external',
    external: {
      brokers: [hosts.kafka],
      securityProtocol: 'sasl_ssl',
      caSecret: 'own-ca',
      setup: 'accounts',
      setupAccount: { username: 'admin', passwordSecret: 'own-kafka-admin' },
    },
  },
  database: { kind: 'external', external: { urlSecret: 'own-database', caSecret: 'own-ca' } },
  objectStore: { kind: 'external', external: { endpoint: `https://${hosts.store}`, secret: 'own-s3', caSecret: 'own-ca' } },
};

/**
 * Commands by which an operator on this machine reaches the servers. The documents use them: the
 * tools of Kafka, `aws` and `DATABASE_URL`. The servers lie in the network of the node.
 */
export const reachOwnServers = `
  ADMIN='--bootstrap-server 127.0.0.1:9094 --command-config /tmp/admin.properties'
  for tool in kafka-topics.sh kafka-console-producer.sh; do
    eval "$tool() { kubectl -n ${namespace} exec -i kafka -- /opt/kafka/bin/$tool \\"\\$@\\"; }"
  done
  address() { kubectl -n ${namespace} get pod "$1" -o jsonpath='{.status.podIP}'; }
  DATABASE_URL="postgres://records:${password}@$(address postgresql):5432/records?sslmode=require"
  export AWS_ACCESS_KEY_ID=own-access AWS_SECRET_ACCESS_KEY='${password}' AWS_REGION=us-east-1 PYTHONWARNINGS=ignore
  S3_ENDPOINT="https://$(address store):8333"
  aws() { command aws --no-verify-ssl "$@"; }
`;
