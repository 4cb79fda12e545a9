import { type LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type { Logger } from 'pino';

/**
 * Creates the logger of a service. It writes to stderr: JSON lines, or readable text on a terminal.
 * Fields whose name suggests a secret are replaced by `***`.
 */
export function createLogger(options: {
  readonly service: string;
  readonly level: string;
  readonly isPretty?: boolean | undefined;
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
  const settings = { level: options.level, redact: { paths: redact, censor: '***' }, base: { service: options.service } };
  const isPretty = options.isPretty ?? process.stderr.isTTY === true;
  if (!isPretty) return pino(settings, pino.destination({ dest: 2, sync: true }));
  const pretty = PinoPretty({
    destination: 2,
    sync: true,
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
