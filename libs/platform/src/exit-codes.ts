import { type ErrorCode, PlatformError } from '#contracts';

/** Exit code of a service whose environment is not valid. @see sysexits.h, EX_CONFIG */
export const configInvalidExitCode = 78;
/** Exit code of a service that the brokers refuse. @see sysexits.h, EX_NOPERM */
export const refusedExitCode = 77;
/**
 * Exit code of a service that cannot work because something outside is missing, such as brokers or
 * room on a disk. A later start may succeed without a change. @see sysexits.h, EX_TEMPFAIL
 */
export const unavailableExitCode = 75;

const exitCodes: Partial<Readonly<Record<ErrorCode, number>>> = {
  CONFIG_INVALID: configInvalidExitCode,
  BROKER_LOGIN_FAILED: refusedExitCode,
  BROKER_TLS_FAILED: refusedExitCode,
  BROKER_ACCESS_DENIED: refusedExitCode,
  BROKER_UNSUITABLE: configInvalidExitCode,
  TOPIC_UNSUITABLE: configInvalidExitCode,
  STORE_UNSUITABLE: configInvalidExitCode,
  BROKER_UNAVAILABLE: unavailableExitCode,
  BROKER_TOKEN_UNAVAILABLE: unavailableExitCode,
  OBJECT_STORE_UNAVAILABLE: unavailableExitCode,
  REGISTRY_BEHIND: unavailableExitCode,
  STORE_UNAVAILABLE: unavailableExitCode,
};

const lackCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

/** True for errors of the system for a lack that may pass, e.g. of room on a disk. */
export function isLackOfSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && lackCodes.has(error.code);
}

/** The exit code that tells a supervisor whether a repetition can cure the error. 1 if unknown. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof PlatformError) return exitCodes[error.code] ?? 1;
  return isLackOfSystem(error) ? unavailableExitCode : 1;
}
