import { CommandFailure } from '../command-failure.ts';
import { jsonInFile, parseDestination, parseJson, parseNumber, parseWhole, type Session } from '../session.ts';
import { fieldLines } from './functions.ts';

/** Options of `sendoff policy set`. */
export interface PolicyOptions {
  readonly retries?: string;
  /** The validity period, in seconds. */
  readonly validity?: string;
  /** The wait after the first failed attempt, in seconds. It doubles with each attempt. */
  readonly retryWait?: string;
  /** The longest wait, in seconds. */
  readonly retryWaitMax?: string;
  /** `KIND=<param as JSON>`, as in `OBS={"bucket":"results"}`. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
  readonly statusLog?: boolean;
  /** A file with the whole policy in the form of the API. */
  readonly file?: string;
}

type Fields = Readonly<Record<string, unknown>>;
const pathOf = (fn: string) => ['fgs', 'functions', fn, 'async-invoke-config'];

/** Shows the policy of a function. */
export async function showPolicy(session: Session, fn: string): Promise<void> {
  const policy = await session.ask<Fields>({ path: pathOf(fn) });
  session.show(policy, () => fieldLines(policy));
}

/** Replaces the policy of a function; what no option names stays as it is. */
export async function setPolicy(session: Session, fn: string, options: PolicyOptions): Promise<void> {
  const body = options.file === undefined ? await changedPolicy(session, fn, options) : await jsonInFile(session, options.file);
  const changed = await session.change<Fields>(`set the policy of ${fn}`, { method: 'PUT', path: pathOf(fn), body });
  if (changed !== undefined) session.show(changed.answer, () => fieldLines(changed.answer));
}

/** Removes the policy of a function, which then has no retries and no destinations. */
export async function removePolicy(session: Session, fn: string): Promise<void> {
  const changed = await session.change(`remove the policy of ${fn}`, { method: 'DELETE', path: pathOf(fn) });
  if (changed !== undefined) session.show({ removed: fn }, () => [`${fn} has no policy now`]);
}

async function changedPolicy(session: Session, fn: string, options: PolicyOptions): Promise<Fields> {
  const current = await currentPolicy(session, fn);
  const { destination_config: destinations = {} } = current as { destination_config?: Fields };
  const { retries, validity, retryWait, retryWaitMax, onSuccess, onFailure, statusLog } = options;
  return {
    ...current,
    ...(retries === undefined ? {} : { max_async_retry_attempts: parseWhole(retries, '--retries') }),
    ...(validity === undefined ? {} : { max_async_event_age_in_seconds: parseWhole(validity, '--validity') }),
    ...(retryWait === undefined ? {} : { retry_wait_base_in_seconds: parseNumber(retryWait, '--retry-wait') }),
    ...(retryWaitMax === undefined ? {} : { retry_wait_max_in_seconds: parseNumber(retryWaitMax, '--retry-wait-max') }),
    ...(statusLog === undefined ? {} : { enable_async_status_log: statusLog }),
    destination_config: {
      ...destinations,
      ...(onSuccess === undefined ? {} : { on_success: destinationOf(onSuccess, '--on-success') }),
      ...(onFailure === undefined ? {} : { on_failure: destinationOf(onFailure, '--on-failure') }),
    },
  };
}

/** The fields of the policy that the API takes back. */
async function currentPolicy(session: Session, fn: string): Promise<Fields> {
  try {
    const policy = await session.ask<Fields>({ path: pathOf(fn) });
    const { func_urn: _urn, created_time: _created, last_modified: _modified, ...fields } = policy;
    return fields;
  } catch (error) {
    if (error instanceof CommandFailure && error.exit === 'notFound') return {};
    throw error;
  }
}

function destinationOf(text: string, option: string): Fields {
  const { type, rest: param } = parseDestination(text, option);
  parseJson(param, `the param of ${option}`);
  return { destination: type, param };
}
