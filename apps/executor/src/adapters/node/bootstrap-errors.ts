/** How the instance shows errors of function code. Any value may be thrown. */
import { tmpdir } from 'node:os';
import { inspect, types } from 'node:util';
import type { ErrorDocument } from '../process-runtime/protocol.ts';

const ownFolder = new URL('.', import.meta.url).href;
const messageLengthMax = 32_768;
const frameLengthMax = 1_024;

/** A text unchanged; any other value as `util.inspect` shows it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}

/** A value as `util.inspect` shows it, without stack frames of this program. */
function shown(value: unknown): string {
  return inspect(value)
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || !isForeign(line))
    .join('\n');
}

/** True for a stack frame of this program, or within Node. */
function isForeign(frame: string): boolean {
  return frame.includes(ownFolder) || frame.includes('node:internal');
}

/** Functions have their files under `/tmp`; a plain process has them in a folder of its own. */
const ownTmp = tmpdir();

/**
 * A text in which the paths of the function's files are relative to its folder, and those of its
 * temporary files are under `/tmp`.
 */
function inside(text: string, codeDir: string): string {
  const shortened = text.replaceAll(`file://${codeDir}/`, '').replaceAll(`${codeDir}/`, '').replaceAll(codeDir, '.');
  return shortened.replaceAll(ownTmp, '/tmp');
}

const unreadableText = 'the thrown value cannot be read';

/**
 * Stack frames show paths relative to the function's code folder. Absolute paths of this host and
 * frames of this program are stripped. A field that cannot be read hides none of the others.
 */
function read(error: unknown, codeDir: string): ErrorDocument {
  if (!isError(error)) return cut({ errorMessage: inside(wordsOf(error), codeDir), errorType: typeof error, stackTrace: [] });
  const message = readOr(unreadableText, () => textOf(error.message));
  const name = readOr('Error', () => textOf(error.name));
  const stack = readOr('', () => textOf(error.stack ?? ''));
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line) && !isForeign(line));
  const stackTrace = [...sourceLineOf(name, stack), ...frames]
    .slice(0, 11)
    .map((line) => inside(line.trim(), codeDir).slice(0, frameLengthMax));
  return cut({ errorMessage: inside(message, codeDir), errorType: name, stackTrace });
}

/** An error of this or another realm, such as one of `node:vm`. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The line of a syntax error, which has no stack frame. Node puts it above the stack. */
function sourceLineOf(name: string, stack: string): readonly string[] {
  const line = /^(?:file:\/\/)?(\/.+:\d+)\n/.exec(stack)?.[1];
  return line === undefined || name !== 'SyntaxError' ? [] : [`at ${line}`];
}

/** Cuts texts so that the document fits into a frame. The executor cuts them to its own bounds. */
function cut({ errorMessage, errorType, stackTrace }: ErrorDocument): ErrorDocument {
  return { errorMessage: errorMessage.slice(0, messageLengthMax), errorType: errorType.slice(0, frameLengthMax), stackTrace };
}

/**
 * A thrown value that is not an Error, as JSON if JSON tells something. Events and maps, for
 * example, have no fields of their own.
 */
function wordsOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    const text = JSON.stringify(thrown);
    return text === undefined || text === '{}' ? shown(thrown) : text;
  } catch {
    return shown(thrown);
  }
}

/**
 * Code may throw any value, and reading some values throws again: a getter may throw, and a proxy
 * may be revoked. No thrown value may end the instance.
 * @returns what `read` returns; `otherwise` if it throws.
 */
function readOr<Value>(otherwise: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** An error as the executor gets it. */
export function documentOf(error: unknown, codeDir: string): ErrorDocument {
  const unreadable = { errorMessage: unreadableText, errorType: typeof error, stackTrace: [] };
  return readOr<ErrorDocument>(unreadable, () => read(error, codeDir));
}

/** False if the error says that the invocation must not run again. */
export function isRetryable(error: unknown): boolean {
  return fieldOf(error, 'retryable') !== false;
}

/** The error of a call whose code ended the process. @param how an exit code or a signal. */
export function exited(how: string): Error {
  return Object.assign(new Error(`the function's process ended (${how})`), { name: 'InstanceExited', stack: '' });
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

/** The errors behind an error. An event of an error and a `SuppressedError` have an `error`. */
function causesOf(error: unknown): readonly [string, unknown][] {
  const [cause, errors] = [fieldOf(error, 'cause'), fieldOf(error, 'errors')];
  const causes: [string, unknown][] = cause === undefined ? [] : [['caused by', cause]];
  for (const [label, field] of [
    ['caused by', 'error'],
    ['suppressed', 'suppressed'],
  ] as const) {
    const one = fieldOf(error, field);
    if (readOr(false, () => isError(one))) causes.push([label, one]);
  }
  const isList = readOr(false, () => Array.isArray(errors));
  for (let at = 0; isList && at < causesMax; at++) {
    const one = fieldOf(errors, at);
    if (one !== undefined) causes.push(['one of', one]);
  }
  return causes;
}

/** Returns undefined if the field cannot be read. */
function fieldOf(value: unknown, name: string | number): unknown {
  const isObject = typeof value === 'object' && value !== null;
  return isObject ? readOr(undefined, () => (value as Readonly<Record<string | number, unknown>>)[name]) : undefined;
}
