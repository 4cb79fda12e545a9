import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, expect, it, type TestContext } from 'vitest';
import { eventually } from '#testing';
import { Load } from './load.ts';
import { PromiseCount, type Sums } from './promise-count.ts';
import { type InstallationSpec, missingFor, World } from './world.ts';

/** A figure of both forms, or one of each. */
type PerForm = number | { readonly short: number; readonly long: number };

/** The part of the ledger that scenarios read. */
interface LedgerAnswer {
  readonly unaccounted: {
    readonly is_proven: boolean;
    readonly proven_at?: string;
    readonly invocations: readonly { readonly request_id: string }[];
  };
}

/** Sizes of a scenario. */
interface Form {
  readonly name: 'short' | 'long';
  /** Invocations a second and door. */
  readonly perSecond: number;
  /** Load before and after the fault, in milliseconds. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

const forms: Readonly<Record<'short' | 'long', Form>> = {
  short: { name: 'short', perSecond: 40, beforeMs: 500, afterMs: 1_000 },
  long: { name: 'long', perSecond: 100, beforeMs: 3_000, afterMs: 10_000 },
};
const form = forms[process.env['FAULT_FORM'] === 'long' ? 'long' : 'short'];

/** True in the long form of all scenarios, which runs on a machine that does nothing else. */
export const isLongForm = form.name === 'long';

/** Longest wait for what is still missing, past the bound of the recovery. */
const missingDeadlineMs = 30_000;
/** Longest test: start, load, recovery, end. */
const testTimeoutMs = { short: 240_000, long: 600_000 };

/** The handles of a fault. */
export interface FaultContext {
  readonly world: World;
  /** Name of the function of the load. */
  readonly functionName: string;
  /** Lets the fault last for so many milliseconds while the load goes on. */
  lasts(duration: PerForm): Promise<void>;
}

/** A fault under load, and what it may cost. Nothing accepted may ever be lost or fail. */
export interface Scenario {
  /** The load's function: the test's own server, or code in Node.js. Default `http`. */
  readonly runtime?: 'http' | 'node';
  /** Fields of the function's asynchronous policy besides 3 retries and the destinations. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Longest time from sending to the notification without a fault, in ms. Default 2,000. */
  readonly usualMs?: number;
  /** Breaks something and mends it again. The load runs meanwhile, and a while before and after. */
  fault(context: FaultContext): Promise<void>;
  readonly bounds: {
    /** Most runs past the first of an invocation, in sum. */
    readonly repeats: PerForm;
    /** Longest time from the fault to the end of its last effect, in ms. */
    readonly recoveryMs: PerForm;
    /** Longest time to the last refusal over HTTP, in ms. Default: as `recoveryMs`. */
    readonly refusedForMs?: PerForm;
  };
  /** False if the installation has no ledger after the fault. Default true. */
  readonly hasLedger?: boolean;
  /** Longest test, in ms. Default 240 s for the short form, 600 s for the long one. */
  readonly testTimeoutMs?: number;
  /** Checks of the scenario's own, after the recovery. */
  after?(context: FaultContext, sums: Sums): Promise<void>;
}

function sizeOf(size: PerForm): number {
  return typeof size === 'number' ? size : size[form.name];
}

/**
 * Declares the installation of a file. Its scenarios share one installation, which starts with the
 * first of them; a scenario that fails leaves a new one to the next.
 * @returns a function that adds a scenario.
 */
export function scenariosOn(spec: InstallationSpec): (name: string, scenario: Scenario) => void {
  let world: World | undefined;
  const end = async () => {
    const ended = world;
    world = undefined;
    await ended?.stop();
  };
  afterAll(end, 60_000);
  return (name, scenario) =>
    it(
      name,
      async (test) => {
        const missing = missingFor(spec);
        if (missing !== undefined) return test.skip(missing);
        test.onTestFailed(end, 60_000);
        world ??= await World.start(spec);
        await run(name, scenario, world, test);
      },
      scenario.testTimeoutMs ?? testTimeoutMs[form.name],
    );
}

async function run(name: string, scenario: Scenario, world: World, { signal }: TestContext): Promise<void> {
  const { runtime = 'http', policy, usualMs = 2_000, hasLedger = true, bounds } = scenario;
  const count = new PromiseCount(usualMs);
  const functionName = await world.createFunction(runtime, policy);
  world.counting.count = count;
  const lasts = async (duration: PerForm) => passes(sizeOf(duration), undefined, { signal });
  const context = { world, functionName, lasts };
  await warmUp(world, functionName);
  const load = new Load(world, functionName, count, form.perSecond);
  try {
    await lasts(form.beforeMs);
    count.faultBegins();
    await scenario.fault(context);
    await lasts(form.afterMs);
  } finally {
    await load.end();
  }
  const deadlineMs = sizeOf(bounds.recoveryMs) + missingDeadlineMs;
  await eventually(() => count.missing().length === 0, { deadlineMs }).catch(() => undefined);
  const open = await openRecords(world, functionName);
  const unaccounted = hasLedger ? await unaccountedIn(world) : undefined;
  const sums = count.sums();
  console.log(`fault: ${name} (${form.name}): ${lineOf(sums)}, unaccounted ${unaccounted?.length ?? 'unknown'}`);
  expect.soft(count.missing().slice(0, 10), 'accepted and then lost').toEqual([]);
  expect.soft(sums.failed, 'invocations told of as failed').toBe(0);
  expect.soft(sums.acceptedBy.http, 'accepted over HTTP').toBeGreaterThan(0);
  expect.soft(sums.acceptedBy.kafka, 'accepted from the Kafka producer').toBeGreaterThan(0);
  expect.soft(sums.repeats, 'repeats').toBeLessThanOrEqual(sizeOf(bounds.repeats));
  expect.soft(sums.recoveryMs, 'recovery in ms').toBeLessThanOrEqual(sizeOf(bounds.recoveryMs));
  expect.soft(sums.refusedForMs, 'refused for ms').toBeLessThanOrEqual(sizeOf(bounds.refusedForMs ?? bounds.recoveryMs));
  expect.soft(open, 'records that say WAIT or RUNNING').toBe(0);
  if (hasLedger) expect.soft(unaccounted, 'unaccounted for in the ledger').toEqual([]);
  await scenario.after?.(context, sums);
}

/** Calls the function once: the start of an instance is no effect of the fault. */
async function warmUp(world: World, functionName: string): Promise<void> {
  const event = { id: 'warm-up', count: `${world.counting.url}/run` };
  await world.client.delivered(functionName, await world.client.invoke(functionName, event));
}

/** Waits until every record of the function has ended. @returns how many have not. */
async function openRecords(world: World, functionName: string): Promise<number> {
  let open = Number.NaN;
  const ask = async () => {
    const counts = await Promise.all(['WAIT', 'RUNNING'].map(async (status) => world.client.countOf(functionName, status)));
    open = counts.reduce((sum, one) => sum + one, 0);
    return open === 0;
  };
  await eventually(ask, { deadlineMs: missingDeadlineMs, pauseMs: 200 }).catch(() => undefined);
  return open;
}

/**
 * Asks the ledger for invocations that no topic holds any more.
 * @returns their request ids; undefined if the ledger was not compared after this call.
 */
async function unaccountedIn(world: World): Promise<readonly string[] | undefined> {
  const since = Date.now();
  const ask = async () => {
    const { unaccounted } = await world.client.must<LedgerAnswer>('GET', '/sendoff/ledger?limit=1');
    if (Date.parse(unaccounted.proven_at ?? '') < since || !unaccounted.is_proven) return undefined;
    return unaccounted.invocations.map(({ request_id: id }) => id);
  };
  return eventually(ask, { deadlineMs: missingDeadlineMs, pauseMs: 100 }).catch(() => undefined);
}

function lineOf(sums: Sums): string {
  const { accepted, acceptedBy, refusedBy, lost, failed, repeats, toldAgain, refusedForMs, recoveryMs } = sums;
  return [
    `accepted ${accepted} (HTTP ${acceptedBy.http}, Kafka ${acceptedBy.kafka})`,
    `lost ${lost}`,
    `repeats ${repeats}`,
    `recovery ${recoveryMs} ms`,
    `refused HTTP ${refusedBy.http} for ${refusedForMs} ms, Kafka ${refusedBy.kafka}`,
    `failed ${failed}`,
    `told again ${toldAgain}`,
  ].join(', ');
}
