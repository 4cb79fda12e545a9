/**
 * Measures what the walls of functions cost: the first call of a function, which starts its
 * process, and synchronous calls a second of one process. An installation of each level takes its
 * turn. Prints JSON.
 */
import type { IsolationLevel } from '#platform';
import { BenchInstallation, machine } from './installation.ts';
import { median, post } from './load.ts';

const levels: readonly IsolationLevel[] = ['none', 'process', 'kernel'];
const turns = Number(process.env['BENCH_TURNS'] ?? 5);
const loadMs = Number(process.env['BENCH_LOAD_MS'] ?? 5_000);
const connections = 16;
const source = 'exports.handler = async () => 1;';

const open = async (level: IsolationLevel) => BenchInstallation.start({ FUNCTION_ISOLATION: level });
const installations = await Promise.all(levels.map(async (level) => ({ level, installation: await open(level) })));
const firstCallMs: Record<string, number[]> = {};
const callsPerSecond: Record<string, number[]> = {};

/** The time of one synchronous call, in milliseconds. */
async function timeOf(installation: BenchInstallation, name: string): Promise<number> {
  const startedAt = performance.now();
  await installation.call('POST', `/${name}/invocations`, {});
  return performance.now() - startedAt;
}

for (let turn = 0; turn <= turns; turn += 1)
  for (const { level, installation } of installations) {
    const name = `noop-${turn}`;
    await installation.createFunction(name, source);
    const first = await timeOf(installation, name);
    const load = await post(
      `${installation.functionsUrl}/${name}/invocations`,
      installation.tokenHeaders,
      '{}',
      connections,
      loadMs,
    );
    // The first turn is not counted: new processes take seconds of load to reach their pace.
    if (turn === 0) continue;
    (firstCallMs[level] ??= []).push(Math.round(first));
    (callsPerSecond[level] ??= []).push(Math.round(load.answered / load.seconds));
  }

const medians = Object.fromEntries(
  levels.map((level) => [level, { firstCallMs: median(firstCallMs[level]), callsPerSecond: median(callsPerSecond[level]) }]),
);
console.log(JSON.stringify({ machine, connections, loadMs, firstCallMs, callsPerSecond, medians }, null, 2));
await Promise.all(installations.map(async ({ installation }) => installation.stop()));
process.exit(0);
