/** Exit code of a service whose environment is not valid. @see sysexits.h, EX_CONFIG */
export const configInvalidExitCode = 78;
/** Exit code of a service that the brokers refuse. @see sysexits.h, EX_NOPERM */
export const refusedExitCode = 77;
