/**
 * A flood of one function by Kafka beside calls of another by HTTP.
 *
 * The calls come at a fixed rate, however long answers take. Each is timed until its 202, and
 * compared with the time until the whole flood is accepted. A busy machine makes both longer.
 * Before HTTP callers passed the records of the Kafka door, half of them waited for half of it.
 */
import { setTimeout as passes } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import { scenariosOn } from './scenario.ts';
import type { World } from './world.ts';

const scenario = scenariosOn({ brokers: 1 });

const flood = { requests: 15, recordsPerRequest: 2_000 };
const calls = { count: 30, everyMs: 50 };
/**
 * Bound of half of the calls: a share of the time until the flood is accepted. A fast machine may
 * accept it while the calls still come.
 */
const accepted = { shareMax: 0.1, msMin: 100 };

/** Writes the flood to the intake topic. Resolves once the broker has it. */
async function floodIntake(world: World, functionName: string): Promise<void> {
  const kafka = new Kafka({ ...world.kafkaOptions, clientId: 'a-flood', logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const headers = { 'sendoff-function': functionName, 'sendoff-project': world.client.project };
  const messages = Array.from({ length: flood.recordsPerRequest }, () => ({ value: '{}', headers }));
  for (let sent = 0; sent < flood.requests; sent++) await producer.send({ topic: `${world.topicPrefix}intake`, messages });
  await producer.disconnect();
}

/** Calls a function at a fixed rate. @returns how long each 202 took, shortest first. */
async function timedCalls(world: World, functionName: string): Promise<number[]> {
  const answers: Promise<number>[] = [];
  for (let sent = 0; sent < calls.count; sent++) {
    const sentAt = performance.now();
    answers.push(world.client.invoke(functionName).then(() => performance.now() - sentAt));
    await passes(calls.everyMs);
  }
  return (await Promise.all(answers)).sort((a, b) => a - b);
}

let acceptedMs: readonly number[] = [];

scenario('flood of the Kafka door', {
  fault: async ({ world }) => {
    const url = `${world.counting.url}/uncounted`;
    for (const name of ['noisy', 'quiet']) await world.client.createHttpFunction(name, url);
    const flooded = floodIntake(world, 'noisy');
    acceptedMs = await timedCalls(world, 'quiet');
    await flooded;
  },
  // The Kafka half of the load waits in the intake topic until the flood is accepted.
  bounds: { repeats: 200, recoveryMs: { short: 120_000, long: 120_000 }, refusedForMs: 0 },
  after: async (_context, { recoveryMs }) => {
    const medianMs = Math.round(acceptedMs[acceptedMs.length >> 1] ?? Number.NaN);
    console.log(`fault: flood of the Kafka door: 202 after ${medianMs} ms (median of ${acceptedMs.length})`);
    expect(medianMs, 'median time to a 202 in ms').toBeLessThanOrEqual(Math.max(accepted.msMin, recoveryMs * accepted.shareMax));
  },
});
