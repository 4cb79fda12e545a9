import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import type { LoggerService } from '@nestjs/common';
import { indentedLines, printable, printableLines } from '#contracts';
import { type Logger, pino } from 'pino';
import { RepeatedLines, type Repeats } from './repeated-lines.ts';

export type { Logger } from 'pino';

const require = createRequire(import.meta.url);

/** Characters that JSON leaves as they are, although some readers of lines end a line at them. */
const unescapedByJson = /(?![\u200c\u200d])[\u007f-\u009f\u2028\u2029\p{Cf}]/gu;

function escapedInJson(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** A line of JSON in printable characters. It stays the same JSON. */
function printableJson(line: string): string {
  return line.replaceAll(unescapedByJson, escapedInJson);
}

/**
 * A value with all its texts printable. The lines of a stack stay lines, because the pretty log
 * indents them; they may not begin at the margin.
 */
function printableValue(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return name === 'stack' ? printableLines(value).join('\n') : printable(value);
  if (Array.isArray(value)) return value.map((item) => printableValue(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [printable(key), printableValue(item, key)]));
}

/** A message for a terminal. Its lines stay lines, all but the first indented. */
function prettyLine(line: string): string {
  const { msg, ...others } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const message = typeof msg === 'string' ? { msg: indentedLines(msg) } : {};
  return `${JSON.stringify({ ...(printableValue(others) as object), ...message })}\n`;
}

/** The log goes on without its reader: a closed pipe or terminal must not end the service. */
function standardError() {
  const output = pino.destination({ dest: 2, sync: true });
  output.on('error', () => undefined);
  return output;
}

const warnLevel = 40;
const fatalLevel = 60;
type LineParts = Parameters<pino.LogFn>;

/** The message of a line. */
function messageOf([first, second]: LineParts): string {
  if (typeof first === 'string') return first;
  if (typeof second === 'string') return second;
  return first instanceof Error ? first.message : '';
}

/** Details that say what a line is about. Others vary with each line: a request id, an offset. */
const subjectDetails = [
  'topic',
  'groupId',
  'reader',
  'target',
  'project',
  'function',
  'what',
  'host',
  'port',
  'service',
  'owner',
  'act',
  'key',
  'redrive',
  'file',
] as const;

/** A stranger's name may be long. */
const subjectLengthMax = 512;

/** The thing that a line is about, as one text. */
function subjectOf([details]: LineParts): string {
  const named = details as unknown;
  if (typeof named !== 'object' || named === null) return '';
  const texts = subjectDetails.flatMap((name) => {
    const value: unknown = (named as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name}=${value}`] : [];
  });
  return texts.join(' ').slice(0, subjectLengthMax);
}

function withRepeats([first, ...rest]: LineParts, repeats: Repeats): LineParts {
  if (typeof first === 'string') return [repeats, first, ...rest] as unknown as LineParts;
  const details = first instanceof Error ? { err: first } : first;
  return [{ ...(details as object), ...repeats }, ...rest] as unknown as LineParts;
}

/**
 * Warnings and errors with one message about one thing are one line for each interval, with a
 * count. At level debug each line is written, and so is the one that tells why a process ends.
 */
function logOnce(lines: RepeatedLines): NonNullable<NonNullable<pino.LoggerOptions['hooks']>['logMethod']> {
  return function log(parts, write, level) {
    // The reason why a process ends is its last line.
    if (level >= fatalLevel) lines.flush();
    if (level < warnLevel || level >= fatalLevel || this.isLevelEnabled('debug')) return write.apply(this, parts);
    lines.add({ message: `${level} ${messageOf(parts)}`, subject: subjectOf(parts) }, (repeats) =>
      write.apply(this, repeats === undefined ? parts : withRepeats(parts, repeats)),
    );
  };
}

/**
 * Creates the logger of a service. It writes to stderr: JSON lines, or readable text on a terminal.
 * Fields whose name suggests a secret are replaced by `***`. Each entry is one line, or begins one
 * whose other lines are indented, whatever its texts contain.
 * @param options.output replaces stderr, for tests; `repeatedLines` counts with other limits.
 */
export function createLogger(options: {
  readonly service: string;
  readonly level: string;
  readonly isPretty?: boolean | undefined;
  readonly output?: Writable;
  readonly repeatedLines?: RepeatedLines;
}): Logger {
  const redact = [
    'authorization',
    'token',
    'secret',
    'password',
    '*.authorization',
    '*.token',
    '*.secret',
    '*.password',
    '*["x-auth-token"]',
  ];
  const isPretty = options.isPretty ?? process.stderr.isTTY === true;
  const lines = options.repeatedLines ?? new RepeatedLines();
  const settings = {
    level: options.level,
    redact: { paths: redact, censor: '***' },
    base: { service: options.service },
    hooks: { streamWrite: isPretty ? prettyLine : printableJson, logMethod: logOnce(lines) },
  };
  const output = options.output ?? standardError();
  if (options.output === undefined) process.once('exit', () => lines.flush());
  if (!isPretty) return pino(settings, output);
  // Loaded on demand: services behind no terminal need it never.
  const { PinoPretty } = require('pino-pretty') as typeof import('pino-pretty');
  const pretty = PinoPretty({
    destination: output,
    ignore: 'pid,hostname,service',
    messageFormat: '{service}  {msg}',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return pino(settings, pretty);
}

/** Writes Nest's messages to the log of the service. Nest's level `log` becomes `debug`. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ context: context.at(-1) }, String(message));
  }
  error(message: unknown, ...context: unknown[]): void {
    this.logger.error({ context: context.at(-1) }, String(message));
  }
  warn(message: unknown, ...context: unknown[]): void {
    this.logger.warn({ context: context.at(-1) }, String(message));
  }
  debug(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ context: context.at(-1) }, String(message));
  }
}
