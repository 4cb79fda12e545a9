/** Severity of a line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes one line of the transport; `details` are plain JSON values. */
export type TransportLog = (level: LogLevel, message: string, details: Readonly<Record<string, unknown>>) => void;

/**
 * Most lines that are remembered. When there are more, all are forgotten and may be logged again.
 */
const rememberedMax = 256;

/**
 * Wraps a log so that it passes the same line on once in `intervalMs`, and at level debug in
 * between. Without it, a broker that is down fills the log.
 * @param now a clock in milliseconds; only differences count.
 */
export function rateLimited(log: TransportLog, now: () => number, intervalMs: number): TransportLog {
  const loggedAt = new Map<string, number>();
  return (level, message, details) => {
    if (level === 'debug') return log(level, message, details);
    const line = `${message} ${typeof details['error'] === 'string' ? details['error'] : ''}`;
    const last = loggedAt.get(line);
    if (last !== undefined && now() - last < intervalMs) return log('debug', message, details);
    if (loggedAt.size >= rememberedMax) loggedAt.clear();
    loggedAt.set(line, now());
    log(level, message, details);
  };
}

/** Logs nothing. */
export const noopLog: TransportLog = () => undefined;
