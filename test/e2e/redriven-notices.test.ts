/**
 * Goal: undelivered notices are redriven with care. A canary goes first, and the redrive stops if
 * it is refused again. Each notice is sent once although the ingress dies in between.
 * Method: one installation, the program `sendoff`, and a webhook that refuses and then is mended.
 */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Subscriber } from '../subscriber.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';

/** A redrive as the program prints it. */
interface Redrive {
  readonly id: string;
  readonly state: string;
  readonly sent: number;
}

const count = 8;
let installation: Installation;
let subscriber: Subscriber;
let topic: string;
let target: string;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  subscriber = await Subscriber.listen();
  const { client } = installation;
  await client.grantEverything();
  topic = (await client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name: 'ends' })).topic_urn;
  const subscription = { protocol: 'http', endpoint: subscriber.url };
  const { subscription_urn: urn } = await client.must<{ subscription_urn: string }>(
    'POST',
    `/notifications/topics/${topic}/subscriptions`,
    subscription,
  );
  target = `Subscription:${urn}`;
  await client.createFunction('told', 'exports.handler = async ({ n }) => n;');
  await client.setPolicy('told', { destination_config: { on_success: destination('SMN', { topic_urn: topic }) } });
});
afterAll(async () => {
  await installation?.stop();
  subscriber?.close();
});

async function sendoff(...words: readonly string[]) {
  const child = spawn(process.execPath, ['dist/apps/cli/src/main.js', ...words], {
    env: { PATH: process.env['PATH'] ?? '', SENDOFF_URL: installation.url, SENDOFF_PROJECT_ID: 'p1', SENDOFF_TOKEN: 'e2e-token' },
    stdio: 'pipe',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

async function json<Answer = Redrive>(...words: readonly string[]): Promise<Answer> {
  const ran = await sendoff('--json', ...words);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout) as Answer;
}

/** The message ids that the webhook got. */
const idsSince = (before: number) => subscriber.received.slice(before).map(({ body }) => body['message_id']);
const selected = (...more: readonly string[]) => ['redrive', '--undelivered', '--target', target, ...more];

describe('a redrive of undelivered notices', () => {
  it('stops after its canary while the target refuses, and sends each once when it is mended', { timeout: 120_000 }, async () => {
    subscriber.answer = 410;
    for (let number = 0; number < count; number += 1) await installation.client.invoke('told', { n: number });
    await eventually(async () => (await json<{ selected: number }>(...selected())).selected === count, { deadlineMs: 30_000 });

    const before = subscriber.received.length;
    const stopped = await sendoff(...selected('--yes', '--rate', '1', '--canary', '2', '--stop-at', '0', '--wait'));
    expect(stopped).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('2 of 2 were not delivered, more than the share of 0'),
    });
    expect(stopped.stdout).toMatch(/undelivered +stopped +2 +6 +2 +0 delivered, 2 undelivered/);
    expect(idsSince(before)).toHaveLength(2);

    subscriber.answer = 200;
    const mended = subscriber.received.length;
    const { redrives } = await json<{ redrives: readonly Redrive[] }>('redrive', 'list');
    const id = redrives[0]?.id ?? '';
    await json('redrive', 'resume', id);
    await eventually(async () => (await json('redrive', 'show', id)).sent >= 4, { deadlineMs: 30_000 });
    await installation.killService('ingress');
    await eventually(async () => (await sendoff('redrive', 'list')).code === 0, { deadlineMs: 30_000 });
    const { code, stdout } = await sendoff('--json', 'redrive', 'show', id, '--wait');
    // The two of its canary were not delivered.
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'ended', sent: count, delivered: count - 2, undelivered: 2, refused: [] });
    expect(new Set(idsSince(mended)).size).toBe(count - 2);
    expect(idsSince(mended)).toHaveLength(count - 2);
  });

  it('sends what was given up again, and published messages, which no record shows', { timeout: 60_000 }, async () => {
    subscriber.answer = 410;
    const before = subscriber.received.length;
    await installation.client.must('POST', `/notifications/topics/${topic}/publish`, { message: 'hello' });
    await eventually(() => idsSince(before).length === 1, { deadlineMs: 30_000 });
    subscriber.answer = 200;
    // The dead letter of the message is written after the answer of the webhook.
    await eventually(
      async () => {
        expect(await json(...selected('--yes', '--wait'))).toMatchObject({ state: 'ended', undelivered: 0 });
        return idsSince(before + 1).includes(idsSince(before)[0]);
      },
      { deadlineMs: 30_000 },
    );
    expect(new Set(idsSince(before + 1)).size).toBe(idsSince(before + 1).length);
  });
});
