import { CommandFailure } from '../command-failure.ts';
import { tableLines } from '../print-table.ts';
import { jsonInFile, parseNumber, parseWhole, type Session } from '../session.ts';

/** Options of `sendoff policy simulate`. */
export interface SimulateOptions {
  /** A file with the body of the API. Other options win over it. */
  readonly file?: string;
  readonly retries?: string;
  /** The validity period, in seconds. */
  readonly validity?: string;
  /** Share of attempts that fail, from 0 to 1. */
  readonly failures?: string;
  /** Length of an attempt, in seconds. */
  readonly duration?: string;
  /** Invocations in a second. */
  readonly rate?: string;
  readonly invocations?: string;
  /** `from-to`, in seconds since the first arrival. */
  readonly outage?: readonly string[];
  readonly seed?: string;
}

interface Simulation {
  readonly succeeded: number;
  readonly conditions: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly schedule: readonly {
    readonly attempt: number;
    readonly started: number;
    readonly succeeded: number;
    readonly earliest_in_seconds: number;
    readonly mean_in_seconds: number;
    readonly latest_in_seconds: number;
  }[];
  readonly load: { readonly interval_in_seconds: number; readonly attempts: readonly number[] };
  readonly is_complete: boolean;
  /** Of a replay of records. */
  readonly records?: {
    readonly happened: {
      readonly succeeded: number;
      readonly conditions: Readonly<Record<string, number>>;
      readonly attempts: number;
    };
    readonly words: readonly string[];
  };
}

type Fields = Readonly<Record<string, unknown>>;
const barWidth = 40;

/** Simulates a policy with a model of failures, or with the records of a function. */
export async function simulate(session: Session, fn: string | undefined, options: SimulateOptions): Promise<void> {
  const given = options.file === undefined ? {} : ((await jsonInFile(session, options.file)) as Fields);
  const { policy = {}, model = {} } = given as { policy?: Fields; model?: Fields };
  const body = {
    ...given,
    ...(fn === undefined ? {} : { function: fn }),
    ...partOf('policy', { ...policy, ...triedPolicy(options) }),
    ...partOf('model', { ...model, ...failureModel(options) }),
    ...(options.seed === undefined ? {} : { seed: parseWhole(options.seed, '--seed') }),
  };
  const result = await session.ask<Simulation>({ method: 'POST', path: ['sendoff', 'policy-simulations'], body });
  session.show(result, () => simulationLines(result));
}

function partOf(name: string, fields: Fields): Fields {
  return Object.keys(fields).length === 0 ? {} : { [name]: fields };
}

function triedPolicy({ retries, validity }: SimulateOptions): Fields {
  return {
    ...(retries === undefined ? {} : { max_async_retry_attempts: parseWhole(retries, '--retries') }),
    ...(validity === undefined ? {} : { max_async_event_age_in_seconds: parseWhole(validity, '--validity') }),
  };
}

function failureModel({ failures, duration, rate, invocations, outage }: SimulateOptions): Fields {
  return {
    ...(failures === undefined ? {} : { failure_share: parseNumber(failures, '--failures') }),
    ...(duration === undefined ? {} : { duration_in_seconds: parseNumber(duration, '--duration') }),
    ...(rate === undefined ? {} : { arrivals_per_second: parseNumber(rate, '--rate') }),
    ...(invocations === undefined ? {} : { invocations: parseWhole(invocations, '--invocations') }),
    ...(outage === undefined ? {} : { outages: outage.map(parseOutage) }),
  };
}

function parseOutage(text: string): Fields {
  const [, from, to] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new CommandFailure('usage', '--outage must be <from>-<to> in seconds, as 10-60');
  if (Number(to) <= Number(from))
    throw new CommandFailure('usage', `--outage ${text} ends before it begins: write <from>-<to> in seconds, as ${to}-${from}`);
  return { from_in_seconds: Number(from), to_in_seconds: Number(to) };
}

/** Seconds with at most three digits after the point. */
function secondsText(seconds: number): string {
  return String(Math.round(seconds * 1_000) / 1_000);
}

/** A replay shows what happened beside what would have happened. */
function endsTable({ succeeded, conditions, attempts, records }: Simulation): string[] {
  const would: Readonly<Record<string, number>> = { succeeded, ...conditions, attempts };
  if (records === undefined) {
    const { attempts: _attempts, ...ends } = would;
    return tableLines(['END', 'INVOCATIONS'], Object.entries(ends));
  }
  const { happened } = records;
  const did: Readonly<Record<string, number>> = {
    succeeded: happened.succeeded,
    ...happened.conditions,
    attempts: happened.attempts,
  };
  const names = [...new Set([...Object.keys(would), ...Object.keys(did)])].filter((name) => name !== 'attempts');
  const rows = [...names, 'attempts'].map((name) => [name, would[name] ?? 0, did[name] ?? 0]);
  return tableLines(['END', 'WOULD BE', 'HAPPENED'], rows);
}

function simulationLines(simulation: Simulation): string[] {
  const { attempts, schedule, load, is_complete: isComplete, records } = simulation;
  const rows = schedule.map((each) => [
    each.attempt,
    each.started,
    each.succeeded,
    secondsText(each.earliest_in_seconds),
    secondsText(each.mean_in_seconds),
    secondsText(each.latest_in_seconds),
  ]);
  const most = Math.max(1, ...load.attempts);
  const bars = load.attempts.map((count, index) => {
    const second = secondsText(index * load.interval_in_seconds).padStart(8);
    return `${second} s ${'#'.repeat(Math.ceil((count / most) * barWidth))} ${count}`;
  });
  return [
    ...endsTable(simulation),
    '',
    ...tableLines(['ATTEMPT', 'STARTED', 'SUCCEEDED', 'EARLIEST S', 'MEAN S', 'LATEST S'], rows),
    '',
    `attempts started in each ${secondsText(load.interval_in_seconds)} s, ${attempts} in all`,
    ...bars,
    ...(isComplete ? [] : ['The simulation stopped at its limit of attempts.']),
    ...(records === undefined ? [] : ['', ...records.words]),
  ];
}
