import { Command, CommanderError } from 'commander';
import { printable, printableJson } from '#contracts';
import { packageVersion } from '#platform/basics';
import { CommandFailure, exitCodes } from './command-failure.ts';
import { bashCompletion } from './completion.ts';
import { addContextCommands } from './declarations/context-commands.ts';
import { addFunctionCommands, addPolicyCommands } from './declarations/function-commands.ts';
import { addInvocationCommands, addHistoryCommands } from './declarations/invocation-commands.ts';
import { addSteeringCommands, addRedriveCommands } from './declarations/steering-commands.ts';
import { addAgencyCommands, addTopicCommands, addPlaceCommands, addKeyCommands } from './declarations/place-commands.ts';
import { type CommonOptions, Session } from './session.ts';
import type { Surroundings } from './surroundings.ts';

const exitHelp = [
  '',
  'Exit codes:',
  ...Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(4)}${meaning}`),
].join('\n');

/** Declares all commands. Each action gets a session made of the common options. */
function buildProgram(surroundings: Surroundings, version: string, isJson: boolean): Command {
  const program = new Command('sendoff')
    .description('Calls the API of a Sendoff installation.')
    .version(version)
    .option('--json', 'print answers as JSON')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--context <name>', 'use this stored context')
    .addHelpText('after', exitHelp)
    .configureOutput({
      writeOut: (text) => surroundings.print(text.trimEnd()),
      // With --json the failure is one line, which comes later.
      writeErr: (text) => {
        if (!isJson) for (const line of text.trimEnd().split(/\r?\n/)) surroundings.note(line);
      },
    })
    .exitOverride();
  const session = () => new Session(surroundings, program.opts<CommonOptions>());
  addContextCommands(program, session);
  addFunctionCommands(program, session);
  addInvocationCommands(program, session);
  addSteeringCommands(program, session);
  addRedriveCommands(program, session);
  addHistoryCommands(program, session);
  addPolicyCommands(program, session);
  addTopicCommands(program, session);
  addPlaceCommands(program, session);
  addAgencyCommands(program, session);
  addKeyCommands(program, session);
  program
    .command('completion')
    .description('print a completion script for bash: source <(sendoff completion)')
    .action(() => surroundings.print(bashCompletion(program)));
  return program;
}

/**
 * Runs one command line.
 * @param words the arguments after the name of the program.
 * @returns the exit code. Failures are shown.
 */
export async function runProgram(given: Surroundings, words: readonly string[]): Promise<number> {
  // Servers and functions choose parts of the lines, and a terminal obeys control characters.
  const surroundings = { ...given, note: (line: string) => given.note(printable(line)) };
  // A command line that cannot be parsed has no options yet.
  const isJson = words.includes('--json');
  const program = buildProgram(surroundings, await packageVersion(), isJson);
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCodes.done.code;
  } catch (error) {
    if (error instanceof CommandFailure) return showFailure(given, error, isJson);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done.code;
    // For people Commander has printed its own message.
    return isJson ? showFailure(given, wrongWords(error), isJson) : exitCodes.usage.code;
  }
}

function wrongWords({ code, message }: CommanderError): CommandFailure {
  const words = code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '');
  return new CommandFailure('usage', words, 'sendoff --help');
}

function showFailure({ note, interrupted }: Surroundings, failure: CommandFailure, isJson: boolean): number {
  const { exit, message, nextStep } = failure;
  if (interrupted.aborted && exit !== 'promiseBroken') return exitCodes.interrupted.code;
  const { code } = exitCodes[exit];
  if (isJson) note(printableJson({ error: message, class: exit, exit_code: code, next_step: nextStep }));
  else {
    note(printable(`sendoff: ${message}`));
    if (nextStep !== undefined) note(printable(`next: ${nextStep}`));
  }
  return code;
}
