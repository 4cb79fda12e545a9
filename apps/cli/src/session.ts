import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type DestinationType, destinationTypes, printable, printableJson } from '#contracts';
import { ApiClient, type ApiRequest } from './api-client.ts';
import { type ApiDescription, bodyFault } from './check-body.ts';
import { CommandFailure } from './command-failure.ts';
import { findContext } from './contexts.ts';
import type { Surroundings } from './surroundings.ts';

/** Options that every command takes. */
export interface CommonOptions {
  /** Prints answers as JSON, for programs. */
  readonly json?: boolean;
  /** Shows what would be sent, and sends nothing that changes anything. */
  readonly dryRun?: boolean;
  /** The name of a stored context. */
  readonly context?: string;
}

/** Makes the session of a command, once its options are known. */
export type MakeSession = () => Session;

/** One run of a command: its options, its client and its output. */
export class Session {
  private client: ApiClient | undefined;

  constructor(
    readonly surroundings: Surroundings,
    readonly options: CommonOptions,
  ) {}

  /** Asks the API. @throws CommandFailure if it refuses or does not answer. */
  async ask<T>(request: ApiRequest): Promise<T> {
    return (await (await this.api()).call<T>(request)).body;
  }

  /**
   * Sends a request that changes something; with `--dry-run`, only shows it.
   * @param act what the request does, as in `create the function hello`.
   * @param options `isNew`: the subject of the change may not exist yet, and a dry run does not ask
   *   for it.
   * @returns undefined in a dry run.
   * @throws CommandFailure if the API refuses or does not answer.
   */
  async change<T>(act: string, request: ApiRequest, { isNew = false } = {}): Promise<{ readonly answer: T } | undefined> {
    if (this.options.dryRun !== true) return { answer: await this.ask<T>(request) };
    const { method = 'GET', path } = request;
    if (!isNew) await this.checkSubject(path);
    await this.checkBody(request);
    const body = shortened(request.body);
    this.show({ dryRun: true, act, method, path: path.join('/'), body }, () => [`would ${act}`, ...bodyLines(body)]);
    return undefined;
  }

  /** A dry run asks for the subject of a change. @throws CommandFailure if there is none. */
  private async checkSubject(path: readonly string[]): Promise<void> {
    const subject = subjectOf(path);
    if (subject === undefined) return;
    try {
      await this.ask({ path: subject });
    } catch (error) {
      // Credentials that may change something need not be allowed to read it.
      if (!(error instanceof CommandFailure) || error.exit !== 'noAccess') throw error;
    }
  }

  /** A dry run judges values by the document of the API. @throws CommandFailure if one is wrong. */
  private async checkBody({ method = 'GET', path, body }: ApiRequest): Promise<void> {
    if (body === undefined) return;
    const description = await this.ask<ApiDescription>({ path: ['openapi.json'], isGlobal: true });
    const fault = await bodyFault(description, { method, path: ['v2', 'project', ...path], body });
    if (fault !== undefined) throw new CommandFailure('usage', `the API would refuse this: ${fault}`);
  }

  /** The client of the chosen context. @throws CommandFailure if there is no context. */
  async api(): Promise<ApiClient> {
    const { now, interrupted } = this.surroundings;
    this.client ??= new ApiClient(await findContext(this.surroundings, this.options.context), now, interrupted);
    return this.client;
  }

  /**
   * Prints the result of a command.
   * @param value one line of JSON if `--json` was given.
   * @param lines for people; made only if they are printed.
   */
  show(value: unknown, lines: () => readonly string[]): void {
    const { print } = this.surroundings;
    if (this.options.json === true) print(printableJson(value));
    else for (const line of lines()) print(printable(line));
  }
}

/** A body as a dry run shows it: files are left out. */
function shortened(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body ?? {}, (key, value: unknown) => (key === 'file' ? '(the code)' : value)));
}

/** Kinds of which the API shows one by its name. */
const shownKinds = new Set(['agencies', 'buckets', 'credentials', 'redrives', 'streams']);

/**
 * The path of what a change concerns; undefined if it is new, or cannot be asked for by its name.
 */
function subjectOf([area = '', kind = '', name, ...rest]: readonly string[]): readonly string[] | undefined {
  if (name === undefined) return undefined;
  if (kind === 'functions') return ['fgs', kind, name, 'config'];
  return shownKinds.has(kind) || (kind === 'topics' && rest.length > 0) ? [area, kind, name] : undefined;
}

function bodyLines(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [`  ${JSON.stringify(body)}`];
  return Object.entries(body).map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
}

/** Reads JSON that the user gave. @throws CommandFailure if it is not valid. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandFailure('usage', `${what} is not valid JSON: ${(error as Error).message}`);
  }
}

/** Reads a whole number that the user gave. @throws CommandFailure if it is none. */
export function parseWhole(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new CommandFailure('usage', `${what} must be a whole number, not ${text}`);
  return Number(text);
}

/** Reads a number that the user gave. @throws CommandFailure if it is none. */
export function parseNumber(text: string, what: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new CommandFailure('usage', `${what} must be a number, not ${text}`);
  return value;
}

/**
 * Reads `<type>=<rest>`, where the type is that of a destination in capital or small letters.
 * @throws CommandFailure if it has another form.
 */
export function parseDestination(text: string, what: string): { readonly type: DestinationType; readonly rest: string } {
  const [, word = '', rest = ''] = /^([A-Za-z]+)=([\s\S]+)$/.exec(text) ?? [];
  const type = destinationTypes.find((one) => one.toLowerCase() === word.toLowerCase());
  if (type !== undefined) return { type, rest };
  throw new CommandFailure('usage', `${what} must be <type>=..., with a type of ${destinationTypes.join(', ')}; not ${text}`);
}

/**
 * Reads a file of JSON that the user named.
 * @throws CommandFailure if it cannot be read, or is no JSON.
 */
export async function jsonInFile({ surroundings }: Session, file: string): Promise<unknown> {
  const path = resolve(surroundings.folder, file);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CommandFailure('usage', `${path} cannot be read`);
  });
  return parseJson(text, path);
}
