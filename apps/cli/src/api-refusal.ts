import type { IncomingHttpHeaders } from 'node:http';
import { CommandFailure, type ExitClass } from './command-failure.ts';

/** An answer of the API that refuses a request. */
export interface Refusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** The path of the request, below the project. */
  readonly path: readonly string[];
}

interface Advice {
  /** Wins over the class of the status. */
  readonly exit?: ExitClass;
  readonly nextStep?: string;
}

const wrongArguments = new Set([400, 406, 413, 415, 422, 431]);
const unavailable = new Set([429, 502, 503, 504]);

/** The commands that list what a path may name, by the beginning of the path. */
const lists = {
  'sendoff/agencies': 'sendoff agencies list',
  'sendoff/buckets': 'sendoff buckets',
  'sendoff/credentials': 'sendoff keys list',
  'sendoff/invocations': 'sendoff search',
  'sendoff/redrives': 'sendoff redrive list',
  'sendoff/streams': 'sendoff streams',
  'sendoff/targets': 'sendoff targets',
  'notifications/topics': 'sendoff topics list',
} as const;

function isListed(start: string): start is keyof typeof lists {
  return start in lists;
}

/** The function that a path names. */
function functionIn(path: readonly string[]): string {
  return path[path.indexOf('functions') + 1] ?? '<function>';
}

/** How to go on after errors of the API, by their code. */
function adviceFor(code: string, path: readonly string[]): Advice {
  switch (code) {
    case 'FSS.0403':
      return { nextStep: 'use credentials with that right: sendoff contexts list' };
    case 'FSS.0409':
      return { nextStep: `sendoff resume ${functionIn(path)}` };
    case 'FSS.0422':
      return { nextStep: 'send another event with another --key' };
    case 'FSS.1005':
      return { nextStep: 'choose another --runtime' };
    case 'FSS.1041':
      return { exit: 'failed', nextStep: 'sendoff functions remove <function>' };
    case 'FSS.1042':
    case 'FSS.1043':
      return { exit: 'failed' };
    case 'FSS.1051':
      return { nextStep: 'sendoff functions list' };
    case 'FSS.1052':
    case 'FSS.1053':
      return { nextStep: `leave the version out, or look at ${functionIn(path)} in the console` };
    case 'FSS.1121':
      return {
        exit: 'failed',
        nextStep: `sendoff agencies set <agency> --grant <type=resource>, and deploy with --agency <agency>`,
      };
    case 'FSS.1201':
      return { exit: 'functionFailed', nextStep: `sendoff invoke ${functionIn(path)} --wait` };
    default:
      return {};
  }
}

function exitOf(status: number): ExitClass {
  if (wrongArguments.has(status)) return 'usage';
  if (status === 401 || status === 403) return 'noAccess';
  if (status === 404) return 'notFound';
  return unavailable.has(status) ? 'unavailable' : 'failed';
}

function nextStepOf({ status, headers, path }: Refusal): string | undefined {
  if (status === 401) return 'sendoff login';
  const { 'retry-after': retryAfter } = headers;
  if (unavailable.has(status)) return `try again${retryAfter === undefined ? ' later' : ` in ${retryAfter} s`}`;
  const start = path.slice(0, 2).join('/');
  return status === 404 && isListed(start) ? lists[start] : undefined;
}

/**
 * The failure of a command whose request was refused. FunctionGraph and SMN name their fields
 * differently.
 */
export function failureOf(refusal: Refusal): CommandFailure {
  const fields = (refusal.body ?? {}) as Readonly<Record<string, unknown>>;
  const textIn = (...names: readonly string[]) => names.map((name) => fields[name]).find((value) => typeof value === 'string');
  const code = textIn('error_code', 'code');
  const reason = textIn('error_msg', 'message') ?? `the API answered with status ${refusal.status}`;
  const { exit = exitOf(refusal.status), nextStep = nextStepOf(refusal) } = adviceFor(String(code ?? ''), refusal.path);
  return new CommandFailure(exit, code === undefined ? String(reason) : `${String(reason)} (${String(code)})`, nextStep);
}
