/**
 * Measures accepted invocations a second with the accounts of the broker and without. Two
 * installations take turns: one on the broker that it starts, one on an open broker. Prints JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '#broker';
import { BenchInstallation, machine } from './installation.ts';
import { median, post } from './load.ts';

const connections = 64;
const turns = Number(process.env['BENCH_TURNS'] ?? 5);
const loadMs = Number(process.env['BENCH_LOAD_MS'] ?? 10_000);
const event = '{"key":"value"}';

const folder = await mkdtemp(join(tmpdir(), 'sendoff-bench-open-'));
const open = await startBroker({ dataDir: folder });
const installations = {
  accounts: await BenchInstallation.start(),
  open: await BenchInstallation.start({ KAFKA_BROKERS: open.bootstrapServers }),
};
const accepted = { accounts: 0, open: 0 };
const rates: Record<keyof typeof installations, number[]> = { accounts: [], open: [] };
for (const installation of Object.values(installations))
  await installation.createFunction('noop', 'exports.handler = async () => 1;');

// The first turn is not counted: new processes take seconds of load to reach their pace.
for (let turn = 0; turn <= turns; turn += 1)
  for (const name of ['accounts', 'open'] as const) {
    const installation = installations[name];
    const url = `${installation.functionsUrl}/noop/invocations-async`;
    const load = await post(url, installation.tokenHeaders, event, connections, loadMs);
    accepted[name] += load.answered;
    await installation.untilSucceeded('noop', accepted[name]);
    if (turn > 0) rates[name].push(Math.round(load.answered / load.seconds));
  }

const ratio = Number((median(rates.accounts) / median(rates.open)).toFixed(3));
console.log(JSON.stringify({ machine, connections, loadMs, acceptedPerSecond: rates, ratio }, null, 2));
await Promise.all(Object.values(installations).map(async (installation) => installation.stop()));
await open.stop();
await rm(folder, { recursive: true, force: true });
process.exit(0);
