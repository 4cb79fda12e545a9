// Starts a function by writing to Kafka. Node 24 runs it as it is: node producer.ts <function>
// [count]
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';

interface Running {
  readonly kafkaBrokers: string[];
  readonly kafkaAccount?: kafkajs.SASLOptions;
  readonly projectId: string;
}

const [functionName, count = '1'] = process.argv.slice(2);
if (functionName === undefined) throw new Error('usage: node producer.ts <function> [count]');
const { env } = process;
const dataDir = env['SENDOFF_DATA_DIR'] ?? '.sendoff';
const { kafkaBrokers, kafkaAccount, projectId } = JSON.parse(readFileSync(`${dataDir}/running.json`, 'utf8')) as Running;
const topic = `${env['KAFKA_TOPIC_PREFIX'] ?? 'sendoff.'}intake`;

/** Brokers of your own: the same variables as for the services. */
function accessFromEnvironment(): Pick<kafkajs.KafkaConfig, 'sasl' | 'ssl'> {
  const protocol = env['KAFKA_SECURITY_PROTOCOL'] ?? 'plaintext';
  const mechanism = (env['KAFKA_SASL_MECHANISM'] ?? 'SCRAM-SHA-512').toLowerCase() as 'scram-sha-512';
  const username = env['KAFKA_USERNAME'] ?? '';
  const password = env['KAFKA_PASSWORD'] ?? '';
  const caFile = env['KAFKA_CA_FILE'];
  return {
    ...(protocol.startsWith('sasl_') ? { sasl: { mechanism, username, password } } : {}),
    ...(protocol.endsWith('ssl') ? { ssl: caFile === undefined ? true : { ca: readFileSync(caFile, 'utf8') } } : {}),
  };
}

// The broker of `npm start` has an account for programs like this one.
const access = kafkaAccount === undefined ? accessFromEnvironment() : { sasl: kafkaAccount };
const kafka = new kafkajs.Kafka({ brokers: kafkaBrokers, ...access, logLevel: kafkajs.logLevel.ERROR });
const producer = kafka.producer();
await producer.connect();
const messages = Array.from({ length: Number(count) }, (_, n) => {
  // A request id of your own is optional: with one, a write that is repeated is the same
  // invocation.
  const requestId = randomUUID();
  console.log(requestId);
  return {
    key: requestId,
    value: JSON.stringify({ n, from: 'typescript' }),
    headers: { 'sendoff-function': functionName, 'sendoff-project': projectId, 'sendoff-request-id': requestId },
  };
});
await producer.send({ topic, acks: -1, messages });
await producer.disconnect();
