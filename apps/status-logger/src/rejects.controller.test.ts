/**
 * Goal: the ledger counts each refused record once, over redelivery and a restart, and no record of
 * the rejects comes back to them.
 * Method: the controller over a store on SQLite; the test hands it the records.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { epochMs, type IncomingRecord, Topics } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { systemClock } from '#platform';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { ProgressToStore } from './progress-to-store.ts';
import { Recorder } from './recorder.ts';
import { RejectsController } from './rejects.controller.ts';

const functionUrn = 'urn:fss:local:p1:function:default:hello:latest';
const reject = (offset: number, headers: Readonly<Record<string, string>> = {}): IncomingRecord => ({
  topic: 'sendoff.rejects',
  partition: 0,
  offset: BigInt(offset),
  timestamp: epochMs(1_000 + offset),
  bytes: 100,
  key: null,
  value: Buffer.from('{'),
  headers: {
    'reject-reason': 'CONTRACT_VIOLATED: the value is not JSON',
    'reject-code': 'record-malformed',
    'reject-function': functionUrn,
    'reject-project': 'p1',
    'reject-topic': 'sendoff.intake',
    'reject-partition': '3',
    'reject-offset': String(offset + 50),
    'reject-timestamp': '900',
    ...headers,
  },
});

/** A status-logger that starts on the file of the one before. */
async function started(file: string) {
  const store = await SqliteStatusStore.open(file, systemClock);
  const observer = { transactionEnded: () => undefined, storingChanged: () => undefined };
  const log = { append: async () => undefined };
  const recorder = new Recorder(store, log, systemClock, observer, new ProgressToStore(() => []), { add: () => undefined });
  const kafka = { topics: new Topics('sendoff.') } as KafkaGateway;
  return { store, controller: new RejectsController(recorder, kafka) };
}

async function aFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-rejects-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  return join(folder, 'status.db');
}

it('the same rejects count once, although they are read twice and again after a restart', async () => {
  const file = await aFile();
  const first = await started(file);
  for (const offset of [0, 1, 1, 0]) await first.controller.onReject(reject(offset));
  await first.store.close();
  const second = await started(file);
  await Promise.all([0, 1, 2].map(async (offset) => second.controller.onReject(reject(offset))));
  expect(await second.store.totals({ project: 'p1', functionUrns: [functionUrn], limit: 1 })).toMatchObject([
    { tally: { rejected: 3 }, rejects: { 'record-malformed': 3 } },
  ]);
  await second.store.close();
});

it('a record that is no reject of the intake is passed over, and never refused', async () => {
  const { store, controller } = await started(await aFile());
  for (const headers of [{ 'reject-topic': 'sendoff.settlements' }, { 'reject-offset': 'none' }, { 'format-version': '99' }])
    await controller.onReject(reject(1, headers));
  await controller.onReject({ ...reject(2), headers: {} });
  expect((await store.grandTotal()).rejected).toBe(1);
  await store.close();
});
