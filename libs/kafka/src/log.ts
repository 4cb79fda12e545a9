/** Severity of a line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Takes one line of the transport; `details` are plain JSON values. Lines of a kind may repeat for
 * each record and each try: the log of a service writes one for each interval, with a count.
 */
export type TransportLog = (level: LogLevel, message: string, details: Readonly<Record<string, unknown>>) => void;

/** Logs nothing. */
export const noopLog: TransportLog = () => undefined;
