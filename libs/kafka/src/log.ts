/** Severity of a line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes one line of the transport; `details` are plain JSON values. */
export type TransportLog = (level: LogLevel, message: string, details: Readonly<Record<string, unknown>>) => void;

/** Says nothing. */
export const silence: TransportLog = () => undefined;
