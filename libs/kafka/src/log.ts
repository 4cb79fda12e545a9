/** Severity of a line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes one line of the transport; `details` are plain JSON values. */
export type TransportLog = (level: LogLevel, message: string, details: Readonly<Record<string, unknown>>) => void;

/** Longest list of lines that are remembered as said. */
const rememberedMax = 256;

/**
 * Says the same line at the same place once in a while, and at level debug in between: a broker that is gone would otherwise fill the log.
 * @param now a clock in milliseconds; only differences count.
 */
export function rateLimited(log: TransportLog, now: () => number, intervalMs: number): TransportLog {
  const saidAt = new Map<string, number>();
  return (level, message, details) => {
    if (level === 'debug') return log(level, message, details);
    const line = `${message} ${typeof details['error'] === 'string' ? details['error'] : ''}`;
    const last = saidAt.get(line);
    if (last !== undefined && now() - last < intervalMs) return log('debug', message, details);
    if (saidAt.size >= rememberedMax) saidAt.clear();
    saidAt.set(line, now());
    log(level, message, details);
  };
}

/** Says nothing. */
export const noopLog: TransportLog = () => undefined;
