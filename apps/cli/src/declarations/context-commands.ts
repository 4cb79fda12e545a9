import type { Command } from 'commander';
import { type LoginOptions, listContexts, login, removeContext, useContext } from '../commands/contexts-commands.ts';
import type { MakeSession } from '../session.ts';

/** Declares the commands for addresses and credentials. */
export function addContextCommands(program: Command, session: MakeSession): void {
  program
    .command('login')
    .description('try credentials, and store them as a context')
    .argument('[name]', 'name of the context', 'default')
    .requiredOption('--url <address>', 'address of the API')
    .option('--project <id>', 'project; by default that of the credentials')
    .option('--token <token>', 'the token; other users of this machine may see it, so prefer --secret-stdin')
    .option('--access-key <key>', 'an access key; its secret comes from --secret-stdin or SENDOFF_SECRET_KEY')
    .option('--secret-stdin', 'read the token or the secret from the standard input')
    .action(async (name: string, options: LoginOptions) => login(session(), name, options));
  const contexts = program.command('contexts').description('stored addresses and credentials');
  contexts
    .command('list')
    .description('list them, without secrets')
    .action(async () => listContexts(session()));
  contexts
    .command('use')
    .argument('<name>')
    .description('make one the current one')
    .action(async (name: string) => useContext(session(), name));
  contexts
    .command('remove')
    .argument('<name>')
    .description('remove one and its secrets')
    .action(async (name: string) => removeContext(session(), name));
}
