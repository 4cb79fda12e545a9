/**
 * Finds the address of the API and the credentials. The first of these that exists counts:
 *
 * 1. the option `--context`: a stored context;
 * 2. `SENDOFF_URL` with `SENDOFF_PROJECT_ID`, and `SENDOFF_TOKEN` or `SENDOFF_ACCESS_KEY` with
 *    `SENDOFF_SECRET_KEY`;
 * 3. `SENDOFF_DATA_DIR`: the installation that `npm start` runs with this data folder;
 * 4. the current stored context;
 * 5. the installation that runs in this folder.
 */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defaultTopicPrefix } from '#contracts';
import { writeWholeFile } from '#platform/basics';
import { CommandFailure } from './command-failure.ts';
import type { Surroundings } from './surroundings.ts';

/** An address of the API with credentials. */
export interface Context {
  readonly url: string;
  readonly projectId: string;
  readonly token?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
}

/** A context as `npm start` writes it, with its Kafka door. */
interface RunningContext extends Context {
  readonly kafkaBrokers?: readonly string[];
  readonly kafkaAccount?: KafkaAccess['account'];
  readonly intakeTopic?: string;
}

/** How a producer reaches the intake topic. */
export interface KafkaAccess {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** Absent for brokers without accounts. */
  readonly account?: { readonly username: string; readonly password: string };
  readonly usesTls: boolean;
  readonly topic: string;
}

/** The content of the file of contexts. */
export interface StoredContexts {
  readonly current: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

const none: StoredContexts = { current: '', contexts: {} };
const login = 'sendoff login --url <address> --project <id> --token <token>';

function fileOf({ env, home }: Surroundings): string {
  const configured = env['XDG_CONFIG_HOME'] ?? '';
  return join(configured === '' ? join(home, '.config') : configured, 'sendoff', 'contexts.json');
}

/** @throws CommandFailure if the file is there and cannot be used. */
export async function readContexts(surroundings: Surroundings): Promise<StoredContexts> {
  const file = fileOf(surroundings);
  const text = await textIn(file);
  if (text === undefined) return none;
  try {
    const { current, contexts } = JSON.parse(text) as Partial<StoredContexts>;
    const areContexts = typeof contexts === 'object' && contexts !== null && Object.values(contexts).every(isContext);
    if (typeof current === 'string' && areContexts) return { current, contexts };
  } catch {
    // Not JSON: refused below, as any other content.
  }
  throw new CommandFailure('usage', `${file} is not a file of contexts`, 'repair it, or delete it and log in again');
}

/** Stores the contexts in a file that only this user may read. */
export async function writeContexts(surroundings: Surroundings, stored: StoredContexts): Promise<void> {
  const file = fileOf(surroundings);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWholeFile(file, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
}

function fromEnvironment({ env }: Surroundings): Context | undefined {
  const { SENDOFF_URL: url = '', SENDOFF_PROJECT_ID: projectId = '' } = env;
  if (url === '') return undefined;
  if (projectId === '') throw new CommandFailure('usage', 'SENDOFF_URL is set, and SENDOFF_PROJECT_ID is not');
  const { SENDOFF_TOKEN: token, SENDOFF_ACCESS_KEY: accessKey, SENDOFF_SECRET_KEY: secretKey } = env;
  return {
    url,
    projectId,
    ...(token === undefined ? {} : { token }),
    ...(accessKey === undefined ? {} : { accessKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
  };
}

/** Reads a file as text. @throws CommandFailure if it is there and cannot be read. */
async function textIn(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CommandFailure('usage', `${file} cannot be read: ${code}`);
  }
}

function isContext(value: unknown): value is Context {
  const { url, projectId } = (value ?? {}) as Partial<Context>;
  return typeof url === 'string' && typeof projectId === 'string';
}

/** Reads what `npm start` writes while it runs. @throws CommandFailure if it cannot be used. */
async function fromRunningInstallation({ env, folder }: Surroundings): Promise<RunningContext | undefined> {
  const file = resolve(folder, env['SENDOFF_DATA_DIR'] ?? '.sendoff', 'running.json');
  const text = await textIn(file);
  if (text === undefined) return undefined;
  try {
    const running: unknown = JSON.parse(text);
    if (isContext(running)) return running;
  } catch {
    // Not JSON: refused below, as any other content.
  }
  throw new CommandFailure('usage', `${file} tells of no installation`, 'npm start, which writes it anew');
}

/** @throws CommandFailure if `SENDOFF_DATA_DIR` is set and nothing runs with it. */
async function fromDataFolder(surroundings: Surroundings): Promise<Context | undefined> {
  const { SENDOFF_DATA_DIR: dataDir } = surroundings.env;
  if (dataDir === undefined) return undefined;
  const running = await fromRunningInstallation(surroundings);
  if (running !== undefined) return running;
  throw new CommandFailure(
    'noAccess',
    `no installation runs with the data folder ${dataDir}`,
    'npm start, with the same SENDOFF_DATA_DIR',
  );
}

/**
 * Finds the context of a command.
 * @param name the option `--context`.
 * @throws CommandFailure if there is none.
 */
export async function findContext(surroundings: Surroundings, name?: string): Promise<Context> {
  if (name === undefined) {
    const given = fromEnvironment(surroundings) ?? (await fromDataFolder(surroundings));
    if (given !== undefined) return given;
  }
  const { current, contexts } = await readContexts(surroundings);
  const chosen = name ?? current;
  if (chosen !== '') {
    const stored = Object.hasOwn(contexts, chosen) ? contexts[chosen] : undefined;
    if (stored !== undefined) return stored;
    throw new CommandFailure('usage', `there is no context ${chosen}`, 'sendoff contexts list');
  }
  const running = await fromRunningInstallation(surroundings);
  if (running !== undefined) return running;
  throw new CommandFailure('noAccess', 'no installation is chosen, and none runs in this folder', login);
}

/**
 * Finds the Kafka door. The brokers of the option win, with the account of `KAFKA_USERNAME` and
 * `KAFKA_PASSWORD`. Otherwise it is that of the running installation, if the context means it.
 * @param given `host:port` of some brokers, separated by commas.
 * @returns undefined if no brokers are known.
 */
export async function findKafka(
  surroundings: Surroundings,
  context: Context,
  given: { readonly brokers?: string; readonly topic?: string },
): Promise<KafkaAccess | undefined> {
  const { KAFKA_USERNAME: username, KAFKA_PASSWORD: password, KAFKA_SECURITY_PROTOCOL: protocol = '' } = surroundings.env;
  const topic = given.topic ?? `${defaultTopicPrefix}intake`;
  if (given.brokers !== undefined) {
    const account = username === undefined || password === undefined ? {} : { account: { username, password } };
    return { brokers: given.brokers.split(','), ...account, usesTls: protocol.toLowerCase().endsWith('ssl'), topic };
  }
  const running = await fromRunningInstallation(surroundings);
  if (running?.kafkaBrokers === undefined || running.url !== context.url) return undefined;
  const { kafkaBrokers: brokers, kafkaAccount, intakeTopic = topic } = running;
  const account =
    kafkaAccount === undefined ? {} : { account: { username: kafkaAccount.username, password: kafkaAccount.password } };
  return { brokers, ...account, usesTls: false, topic: given.topic ?? intakeTopic };
}
