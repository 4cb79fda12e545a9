/** Exit codes of the command line, by class of failure. */
export const exitCodes = {
  done: { code: 0, meaning: 'The command did what it says.' },
  failed: { code: 1, meaning: 'The API refused the request for a reason that is not listed below.' },
  usage: { code: 2, meaning: 'The arguments are wrong; nothing was changed.' },
  notFound: { code: 3, meaning: 'Nothing has that name.' },
  noAccess: { code: 4, meaning: 'The credentials are missing or wrong, or they lack the right.' },
  unavailable: { code: 5, meaning: 'Sendoff did not answer, or cannot take the request now. Trying again may help.' },
  functionFailed: { code: 6, meaning: 'The function ran and failed, or its invocation was discarded.' },
  promiseBroken: { code: 7, meaning: 'verify found that Sendoff did not hold its promises.' },
  interrupted: { code: 130, meaning: 'The user interrupted the command.' },
} as const;

/** A class of failure. */
export type ExitClass = keyof typeof exitCodes;

/** Ends a command with a message, an exit code and what the user may do next. */
export class CommandFailure extends Error {
  /**
   * @param exit decides the exit code.
   * @param nextStep a command or an act that leads on; absent if there is none.
   */
  constructor(
    readonly exit: ExitClass,
    message: string,
    readonly nextStep?: string,
  ) {
    super(message);
    this.name = 'CommandFailure';
  }
}
