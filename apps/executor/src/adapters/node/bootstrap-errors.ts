/** How the instance shows errors of function code. Any value may be thrown. */
import { inspect } from 'node:util';
import type { ErrorDocument } from '../process-runtime/protocol.ts';

const ownFolder = new URL('.', import.meta.url).href;
const messageLengthMax = 32_768;
const frameLengthMax = 1_024;

/** A text unchanged; any other value as `util.inspect` shows it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}

/** A text in which the paths of the function's files are relative to its folder. */
function inside(text: string, codeDir: string): string {
  return text.replaceAll(`file://${codeDir}/`, '').replaceAll(`${codeDir}/`, '');
}

/**
 * Stack frames show paths relative to the function's code folder. Absolute paths of this host and
 * frames of this program are stripped.
 */
function read(error: unknown, codeDir: string): ErrorDocument {
  if (!(error instanceof Error)) return cut({ errorMessage: wordsOf(error), errorType: typeof error, stackTrace: [] });
  const stackTrace = textOf(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes(ownFolder) && !line.includes('node:internal'))
    .slice(0, 11)
    .map((line) => inside(line.trim(), codeDir).slice(0, frameLengthMax));
  return cut({ errorMessage: inside(textOf(error.message), codeDir), errorType: textOf(error.name), stackTrace });
}

/** Cuts texts so that the document fits into a frame. The executor cuts them to its own bounds. */
function cut({ errorMessage, errorType, stackTrace }: ErrorDocument): ErrorDocument {
  return { errorMessage: errorMessage.slice(0, messageLengthMax), errorType: errorType.slice(0, frameLengthMax), stackTrace };
}

/** A thrown value that is not an Error, as JSON if possible. */
function wordsOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? inspect(thrown);
  } catch {
    return inspect(thrown);
  }
}

/**
 * Code may throw any value, and reading some values throws again. No thrown value may end the
 * instance.
 */
export function documentOf(error: unknown, codeDir: string): ErrorDocument {
  try {
    return read(error, codeDir);
  } catch {
    return { errorMessage: 'the thrown value cannot be read', errorType: typeof error, stackTrace: [] };
  }
}

/** False if the error says that the invocation must not run again. */
export function isRetryable(error: unknown): boolean {
  try {
    return !(typeof error === 'object' && error !== null && (error as { retryable?: unknown }).retryable === false);
  } catch {
    return true;
  }
}

/** The error of a call whose code ended the process. */
export function exited(status: number): Error {
  const error = new Error(`the function's process ended (exit code ${status})`);
  return Object.assign(error, { name: 'InstanceExited', stack: '' });
}

const descriptionLengthMax = 16_384;
const causesMax = 8;

/**
 * An error as lines for the log of the function: type, message, stack, and the same of each error
 * that caused it.
 */
export function describe(error: unknown, codeDir: string): string {
  const seen = new Set<unknown>();
  const lines: string[] = [];
  const add = (label: string, one: unknown) => {
    if (seen.has(one) || seen.size >= causesMax) return;
    seen.add(one);
    const { errorType, errorMessage, stackTrace } = documentOf(one, codeDir);
    lines.push(`${label}${errorType}: ${errorMessage}${codeOf(one)}`, ...stackTrace.map((frame) => `    ${frame}`));
    for (const [name, cause] of causesOf(one)) add(`${name}: `, cause);
  };
  add('', error);
  return lines.join('\n').slice(0, descriptionLengthMax);
}

/** The code of a system error, if the message does not name it. */
function codeOf(error: unknown): string {
  const code = fieldOf(error, 'code');
  const message = fieldOf(error, 'message');
  return typeof code !== 'string' || (typeof message === 'string' && message.includes(code)) ? '' : ` (${code})`;
}

function causesOf(error: unknown): readonly [string, unknown][] {
  const [cause, errors] = [fieldOf(error, 'cause'), fieldOf(error, 'errors')];
  const several = Array.isArray(errors)
    ? errors.slice(0, causesMax).map((one: unknown): [string, unknown] => ['one of', one])
    : [];
  return cause === undefined ? several : [['caused by', cause], ...several];
}

/** Returns undefined if the field cannot be read: it may be a getter that throws. */
function fieldOf(error: unknown, name: string): unknown {
  try {
    return error instanceof Error ? (error as unknown as Readonly<Record<string, unknown>>)[name] : undefined;
  } catch {
    return undefined;
  }
}
