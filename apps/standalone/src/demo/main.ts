/**
 * `npm run demo`: invokes functions that succeed, fail and retry, against a running `npm start`,
 * and shows their progress.
 */
import 'reflect-metadata';
import { defaultTopicPrefix, endedStatuses, indentedLines, printable, Topics } from '#contracts';
import { readRunning } from '../read-running.ts';
import { DemoClient, type DemoRecord } from './demo-client.ts';
import { produce } from './producer.ts';
import { cast, prepare } from './story.ts';

const eventsPerDoor = 20;
const deadlineMs = 90_000;
const refreshMs = 500;
const isTerminal = process.stdout.isTTY === true;

const say = (line = '') => void process.stdout.write(`${printable(line)}\n`);

interface Followed {
  readonly requestId: string;
  readonly functionName: string;
  readonly door: 'HTTP' | 'Kafka';
  record?: DemoRecord;
}

function isOver({ record }: Followed): boolean {
  return record !== undefined && endedStatuses.has(record.status) && record.deliveries.every(({ state }) => state !== 'pending');
}

function rowOf({ requestId, functionName, door, record }: Followed): string {
  const next = record?.next_due_time === undefined ? '' : `next ${record.next_due_time.slice(11, 23)}`;
  return [
    requestId.slice(0, 8),
    door.padEnd(5),
    functionName.padEnd(13),
    (record?.status ?? '...').padEnd(8),
    `attempts ${record?.approximate_invoke_count ?? 0}`,
    next,
  ].join('  ');
}

function draw(all: readonly Followed[], isFirst: boolean): void {
  const done = all.filter(isOver).length;
  if (!isTerminal) return say(`${done} of ${all.length} ended and delivered`);
  const moveUp = isFirst ? '' : `\u001B[${all.length + 1}A`;
  const lines = [...all.map(rowOf), `${done} of ${all.length} ended and delivered`];
  process.stdout.write(`${moveUp}${lines.map((line) => `\u001B[2K${printable(line)}`).join('\n')}\n`);
}

async function follow(client: DemoClient, all: readonly Followed[]): Promise<void> {
  const endsAt = Date.now() + deadlineMs;
  for (let round = 0; ; round++) {
    const names = new Set(all.map(({ functionName }) => functionName));
    const records = new Map<string, DemoRecord>();
    for (const name of names) for (const record of await client.records(`demo:${name}`)) records.set(record.request_id, record);
    for (const one of all) {
      const record = records.get(one.requestId);
      if (record !== undefined) one.record = record;
    }
    draw(all, round === 0);
    if (all.every(isOver)) return;
    if (Date.now() > endsAt) throw new Error(`some invocations had not ended after ${deadlineMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, refreshMs));
  }
}

function showDeliveries(all: readonly Followed[]): void {
  say();
  say('Each invocation and its notification:');
  for (const { requestId, functionName, record } of all) {
    const { status = '', deliveries = [], error_message: error = '' } = record ?? {};
    const where = deliveries.map(({ state, location, reason }) => `${state} ${location ?? reason ?? ''}`).join('; ');
    say(
      `${requestId}  ${functionName.padEnd(13)} ${status.padEnd(8)} ${where === '' ? `no destination for this outcome${error === '' ? '' : `; ${error}`}` : where}`,
    );
  }
}

async function main(): Promise<void> {
  const running = await readRunning();
  const client = new DemoClient(running.url, running.projectId, running.token);
  const characters = cast(running.projectId, running.region);
  say(`Sendoff runs on ${running.url}. The functions:`);
  for (const { name, says } of characters) say(`  ${name.padEnd(14)} ${says}`);
  await prepare(client, characters);
  const invoked = characters.filter(({ name }) => name !== 'demo-follower');
  const chosen = (index: number) => invoked[index % invoked.length]?.name ?? '';
  const all: Followed[] = [];
  say();
  say(`${eventsPerDoor} events over HTTP, ${eventsPerDoor} from a plain Kafka producer:`);
  for (let index = 0; index < eventsPerDoor; index++) {
    const body = await client.must<{ request_id: string }>('POST', `/fgs/functions/demo:${chosen(index)}/invocations-async`, {
      key: `http-${index}`,
    });
    all.push({ requestId: body.request_id, functionName: chosen(index), door: 'HTTP' });
  }
  const events = Array.from({ length: eventsPerDoor }, (_, index) => ({
    functionName: `demo:${chosen(index)}`,
    event: { key: `kafka-${index}` },
  }));
  const topic = new Topics(process.env['KAFKA_TOPIC_PREFIX'] ?? defaultTopicPrefix).name('intake');
  const requestIds = await produce(running.kafkaBrokers, running.kafkaAccount, topic, running.projectId, events);
  for (const [index, requestId] of requestIds.entries()) all.push({ requestId, functionName: chosen(index), door: 'Kafka' });
  await follow(client, all);
  showDeliveries(all);
  const count = (...statuses: string[]) => all.filter(({ record }) => statuses.includes(record?.status ?? '')).length;
  const [succeeded, failed] = [count('SUCCESS'), count('FAIL', 'DISCARD')];
  say();
  say(
    `${all.length} accepted, ${succeeded} succeeded, ${failed} failed as intended, ${all.length - succeeded - failed} unaccounted for.`,
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`demo: ${indentedLines((error as Error).message)}\n`);
  process.exitCode = 1;
}
