import type { Command } from 'commander';
import { deploy, type DeployOptions } from '../commands/deploy.ts';
import { dev } from '../commands/dev.ts';
import { listFunctions, removeFunction, showFunction } from '../commands/functions.ts';
import { type PolicyOptions, removePolicy, setPolicy, showPolicy } from '../commands/policy.ts';
import { simulate, type SimulateOptions } from '../commands/simulate-policy.ts';
import type { MakeSession } from '../session.ts';

/** Declares the commands for code and settings of functions. */
export function addFunctionCommands(program: Command, session: MakeSession): void {
  const functions = program.command('functions').description('code and settings of functions');
  functions
    .command('list')
    .description('list all functions')
    .action(async () => listFunctions(session()));
  functions
    .command('show')
    .argument('<function>')
    .description('show the settings of a function')
    .action(async (name: string) => showFunction(session(), name));
  functions
    .command('remove')
    .argument('<function>')
    .description('remove a function, its versions and aliases')
    .action(async (name: string) => removeFunction(session(), name));
  functions
    .command('deploy')
    .argument('<source>', 'a folder, or one file of JavaScript')
    .description('create a function, or replace its code; sendoff.json in the folder may hold its settings')
    .option('--name <name>', 'name of the function; by default that of the folder or file')
    .option('--package <package>', 'package of a new function')
    .option('--handler <handler>', 'file and export, as index.handler')
    .option('--runtime <runtime>', 'as Node.js20.15')
    .option('--timeout <seconds>', 'time limit of an attempt')
    .option('--memory <MB>', 'memory limit of an instance')
    .option('--agency <name>', 'agency with which the function reaches its destinations')
    .option('--watch', 'deploy again after every change')
    .action(async (source: string, options: DeployOptions) => deploy(session(), source, options));
  program
    .command('dev')
    .argument('<folder>', 'a folder of folders and files, each of them a function')
    .description('deploy all functions of a folder, and again when they change')
    .action(async (folder: string) => dev(session(), folder));
}

/** Declares the commands for policies. */
export function addPolicyCommands(program: Command, session: MakeSession): void {
  const policy = program.command('policy').description('retries, validity period and destinations of a function');
  policy
    .command('get')
    .argument('<function>')
    .description('show the policy')
    .action(async (fn: string) => showPolicy(session(), fn));
  policy
    .command('set')
    .argument('<function>')
    .description('change the policy; what no option names stays')
    .option('--retries <count>', 'retries after a failed attempt, 0 to 3')
    .option('--validity <seconds>', 'no attempt starts after this time')
    .option('--retry-wait <seconds>', 'wait after the first failed attempt; it doubles with each attempt')
    .option('--retry-wait-max <seconds>', 'the longest wait')
    .option('--on-success <type=param>', `destination, as 'OBS={"bucket":"results"}'`)
    .option('--on-failure <type=param>', 'destination of what failed')
    .option('--status-log', 'write changes of status to the status log')
    .option('--no-status-log', 'write none')
    .option('--file <file>', 'take the whole policy from a file of JSON')
    .action(async (fn: string, options: PolicyOptions) => setPolicy(session(), fn, options));
  policy
    .command('remove')
    .argument('<function>')
    .description('remove the policy: no retries, no destinations')
    .action(async (fn: string) => removePolicy(session(), fn));
  policy
    .command('simulate')
    .argument('[function]', 'its policy and its records stand for what no option gives')
    .description('tell what a policy would do: how invocations end, when attempts fall, the load')
    .option('--file <file>', 'take the simulation from a file of JSON')
    .option('--retries <count>', 'retries after a failed attempt, 0 to 3')
    .option('--validity <seconds>', 'no attempt starts after this time')
    .option('--failures <share>', 'share of attempts that fail, 0 to 1')
    .option('--duration <seconds>', 'length of an attempt')
    .option('--rate <number>', 'invocations in a second')
    .option('--invocations <count>', 'at most 5,000')
    .option('--outage <from-to...>', 'seconds in which no attempt can be made, as 10-60')
    .option('--seed <number>', 'other random failures')
    .action(async (fn: string | undefined, options: SimulateOptions) => simulate(session(), fn, options));
}
