// Starts a function by writing to Kafka. Node 24 runs it as it is: node producer.ts <function>
// [count]
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';

interface Running {
  readonly kafkaBrokers: string[];
  readonly projectId: string;
}

const [functionName, count = '1'] = process.argv.slice(2);
if (functionName === undefined) throw new Error('usage: node producer.ts <function> [count]');
const dataDir = process.env['SENDOFF_DATA_DIR'] ?? '.sendoff';
const { kafkaBrokers, projectId } = JSON.parse(readFileSync(`${dataDir}/running.json`, 'utf8')) as Running;
const topic = `${process.env['KAFKA_TOPIC_PREFIX'] ?? 'sendoff.'}intake`;

const producer = new kafkajs.Kafka({ brokers: kafkaBrokers, logLevel: kafkajs.logLevel.ERROR }).producer();
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
