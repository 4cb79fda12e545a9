import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameOfSource, packCode, settingsFileName } from '../code-archive.ts';
import { CommandFailure } from '../command-failure.ts';
import { counted } from '../print-table.ts';
import { parseJson, parseWhole, type Session } from '../session.ts';

/** Settings of a function that a deployment may give. Absent ones stay as they are. */
export interface DeploySettings {
  readonly name?: string;
  readonly package?: string;
  readonly handler?: string;
  readonly runtime?: string;
  /** Seconds. */
  readonly timeout?: number;
  /** MB. */
  readonly memory_size?: number;
  /** The agency with which the function reaches its destinations. */
  readonly xrole?: string;
  readonly description?: string;
  readonly user_data?: string;
  /** The asynchronous configuration, in the form of the API. */
  readonly policy?: object;
}

/** Options of `sendoff functions deploy`. */
export interface DeployOptions {
  readonly name?: string;
  readonly package?: string;
  readonly handler?: string;
  readonly runtime?: string;
  readonly timeout?: string;
  readonly memory?: string;
  readonly agency?: string;
  readonly watch?: boolean;
}

const settingNames: readonly string[] = [
  ...['name', 'package', 'handler', 'runtime', 'timeout', 'memory_size', 'xrole', 'description', 'user_data', 'policy'],
];
/** Fields of a configuration that a replacement keeps unless they are given. */
const keptFields = [
  ...['func_name', 'runtime', 'handler', 'timeout', 'memory_size', 'xrole', 'app_xrole', 'description', 'user_data'],
  ...['strategy_config', 'enable_dynamic_memory', 'initializer_handler', 'initializer_timeout'],
] as const;
const newFunction = { package: 'default', runtime: 'Node.js20.15', handler: 'index.handler', timeout: 30, memory_size: 128 };
const settleMs = 200;

/**
 * Reads the settings of a folder; none if it has no file of them.
 * @throws CommandFailure if the file is wrong.
 */
async function readSettings(source: string): Promise<DeploySettings> {
  const file = join(source, settingsFileName);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return {};
  }
  const settings = parseJson(text, file);
  if (typeof settings !== 'object' || settings === null) throw new CommandFailure('usage', `${file} must be a JSON object`);
  const unknown = Object.keys(settings).find((name) => !settingNames.includes(name));
  if (unknown === undefined) return settings as DeploySettings;
  throw new CommandFailure('usage', `${file} has an unknown setting ${unknown}`, `known are ${settingNames.join(', ')}`);
}

function optionSettings({ watch: _watch, timeout, memory, agency, ...texts }: DeployOptions): DeploySettings {
  return {
    ...texts,
    ...(timeout === undefined ? {} : { timeout: parseWhole(timeout, '--timeout') }),
    ...(memory === undefined ? {} : { memory_size: parseWhole(memory, '--memory') }),
    ...(agency === undefined ? {} : { xrole: agency }),
  };
}

/**
 * Creates a function from a folder or file, or replaces its code and what the settings change.
 * With `--watch`, again after every change until interrupted.
 * @param source a folder, or one file of JavaScript.
 */
export async function deploy(session: Session, source: string, options: DeployOptions): Promise<void> {
  const once = async () => deployOnce(session, source, options);
  if (options.watch === true && session.options.dryRun !== true)
    await watchSource(session, source, { first: once, unitOf: () => source, again: once });
  else await once();
}

/** Deploys once. @returns the name of the function. */
export async function deployOnce(session: Session, source: string, options: DeployOptions): Promise<string> {
  const { name = nameOfSource(source), policy, ...settings } = { ...(await readSettings(source)), ...optionSettings(options) };
  const code = await packCode(source);
  const current = await currentConfig(session, name);
  const upload = { code_type: 'zip', func_code: { file: code.file } };
  const isNew = current === undefined;
  const body = isNew ? { ...newFunction, ...settings, func_name: name, ...upload } : upload;
  const changed = isNew
    ? await session.change(`create the function ${name}`, { method: 'POST', path: ['fgs', 'functions'], body })
    : await session.change(`replace the code of ${name}`, { method: 'PUT', path: ['fgs', 'functions', name, 'code'], body });
  if (!isNew) await changeConfig(session, name, current, settings);
  if (policy !== undefined)
    await session.change(
      `set the policy of ${name}`,
      { method: 'PUT', path: ['fgs', 'functions', name, 'async-invoke-config'], body: policy },
      { isNew },
    );
  if (changed !== undefined)
    session.show({ function: name, created: isNew, files: code.files, bytes: code.bytes }, () => [
      `${name} is ${isNew ? 'created' : 'updated'}: ${counted(code.files, 'file')}, ${code.bytes} bytes`,
    ]);
  return name;
}

type Config = Readonly<Record<string, unknown>>;

async function currentConfig(session: Session, name: string): Promise<Config | undefined> {
  try {
    return await session.ask<Config>({ path: ['fgs', 'functions', name, 'config'] });
  } catch (error) {
    if (error instanceof CommandFailure && error.exit === 'notFound') return undefined;
    throw error;
  }
}

/** A configuration is replaced as a whole, so the current values go along. */
async function changeConfig(session: Session, name: string, current: Config, settings: DeploySettings): Promise<void> {
  const { package: _package, ...given } = settings;
  if (Object.entries(given).every(([field, value]) => current[field] === value)) return;
  const kept = Object.fromEntries(
    keptFields.filter((field) => current[field] !== undefined).map((field) => [field, current[field]]),
  );
  await session.change(`change the configuration of ${name}`, {
    method: 'PUT',
    path: ['fgs', 'functions', name, 'config'],
    body: { ...kept, ...given },
  });
}

/** The deployments of a source that is watched. */
export interface Deployments {
  /** Runs before the source is said to be watched. Changes meanwhile count. */
  first(): Promise<unknown>;
  /** Names what is deployed again when a file changes. @param file a path within the source. */
  unitOf(file: string): string;
  again(unit: string): Promise<unknown>;
}

/**
 * Deploys a source, and each unit of it again after changes have settled. A later failure is shown,
 * and the next change tries again.
 * @throws CommandFailure if the first deployment fails, or when the user interrupts.
 */
export async function watchSource(session: Session, source: string, { first, unitOf, again }: Deployments): Promise<never> {
  const { interrupted, note, wait } = session.surroundings;
  let changed = new Set<string>();
  const watcher = watch(source, { recursive: true, signal: interrupted }, (_event, file) => {
    changed.add(unitOf(String(file ?? '')));
  });
  watcher.on('error', (error) => note(`cannot watch ${source}: ${error.message}`));
  try {
    await first();
    note(`watching ${source}; Ctrl-C ends`);
    for (;;) {
      await wait(settleMs);
      const units = changed;
      changed = new Set();
      for (const unit of units)
        await again(unit).catch((error: unknown) => {
          if (error instanceof CommandFailure && error.exit === 'interrupted') throw error;
          note(`not deployed: ${(error as Error).message}`);
        });
    }
  } finally {
    watcher.close();
  }
}
