import { printable } from '#contracts';
import { ApiClient, type ApiRequest } from './api-client.ts';
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
   * @returns undefined in a dry run.
   * @throws CommandFailure if the API refuses or does not answer.
   */
  async change<T>(act: string, request: ApiRequest): Promise<{ readonly answer: T } | undefined> {
    if (this.options.dryRun !== true) return { answer: await this.ask<T>(request) };
    const { method = 'GET', path, body } = request;
    this.show({ dryRun: true, act, method, path: path.join('/'), body: shortened(body) }, () => [`would ${act}`]);
    return undefined;
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
    if (this.options.json === true) print(JSON.stringify(value));
    else for (const line of lines()) print(printable(line));
  }
}

/** A body as a dry run shows it: files are left out. */
function shortened(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body ?? {}, (key, value: unknown) => (key === 'file' ? '(the code)' : value)));
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
