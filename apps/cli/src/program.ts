import { Command, CommanderError } from 'commander';
import { packageVersion } from '#platform';
import { CommandFailure, exitCodes } from './command-failure.ts';
import { type AuditOptions, showAudit } from './commands/audit.ts';
import { bashCompletion } from './completion.ts';
import { type LoginOptions, listContexts, login, removeContext, useContext } from './commands/contexts-commands.ts';
import { deploy, type DeployOptions } from './commands/deploy.ts';
import { dev } from './commands/dev.ts';
import { listFunctions, removeFunction, showFunction } from './commands/functions.ts';
import { type EventsOptions, showEvents } from './commands/events.ts';
import { explainInvocation, type ExplainOptions } from './commands/explain.ts';
import { invoke, type InvokeOptions } from './commands/invoke.ts';
import { createKey, deleteKey, type KeyOptions, listKeys, rotateKey, switchKey } from './commands/keys.ts';
import { showLedger, showStatistics } from './commands/ledger.ts';
import { type LogOptions, logs } from './commands/logs.ts';
import {
  enableTarget,
  listNotices,
  listTargets,
  type NoticeOptions,
  type TargetOptions,
  testTarget,
} from './commands/notices.ts';
import { listBuckets, listObjects, listStreamRecords, listStreams, type ObjectOptions } from './commands/places.ts';
import { type PolicyOptions, removePolicy, setPolicy, showPolicy } from './commands/policy.ts';
import { cancel, listRecords, type RecordOptions } from './commands/records.ts';
import { listRejects, type RejectOptions } from './commands/rejects.ts';
import { listRedrives, orderRedrive, type RedriveOptions, showRedrive, startRedrive } from './commands/redrive.ts';
import { pauseOrResume, purge } from './commands/steering.ts';
import { searchInvocations, type SearchOptions } from './commands/search.ts';
import { simulate, type SimulateOptions } from './commands/simulate-policy.ts';
import { createTopic, listTopics, publish, removeTopic, subscribe } from './commands/topics.ts';
import { verify, type VerifyOptions } from './commands/verify.ts';
import { type CommonOptions, Session } from './session.ts';
import type { Surroundings } from './surroundings.ts';

const exitHelp = [
  '',
  'Exit codes:',
  ...Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(4)}${meaning}`),
].join('\n');

/** Declares all commands. Each action gets a session made of the common options. */
function buildProgram(surroundings: Surroundings, version: string): Command {
  const program = new Command('sendoff')
    .description('Calls the API of a Sendoff installation.')
    .version(version)
    .option('--json', 'print answers as JSON')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--context <name>', 'use this stored context')
    .addHelpText('after', exitHelp)
    .configureOutput({
      writeOut: (text) => surroundings.print(text.trimEnd()),
      writeErr: (text) => surroundings.note(text.trimEnd()),
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
  addKeyCommands(program, session);
  program
    .command('completion')
    .description('print a completion script for bash: source <(sendoff completion)')
    .action(() => surroundings.print(bashCompletion(program)));
  return program;
}

type MakeSession = () => Session;

function addContextCommands(program: Command, session: MakeSession): void {
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

function addFunctionCommands(program: Command, session: MakeSession): void {
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

function addInvocationCommands(program: Command, session: MakeSession): void {
  program
    .command('invoke')
    .argument('<function>', 'name or URN')
    .argument('[event]', 'JSON; - reads it from the standard input', '{}')
    .description('run a function and print what it returns')
    .option('--async', 'only accept the event, and print the request id')
    .option('--wait', 'asynchronously, and wait for the end')
    .option('--delay <seconds>', 'asynchronously, and wait before the first attempt')
    .option('--key <key>', 'asynchronously, once for each idempotency key')
    .option('--tag <tag...>', 'asynchronously, with up to 8 names by which it is found')
    .option('--patience <seconds>', 'how long --wait waits', '600')
    .action(async (fn: string, event: string, options: InvokeOptions) => invoke(session(), fn, event, options));
  program
    .command('records')
    .argument('<function>')
    .description('list asynchronous invocations of the last hour, newest first')
    .option('--status <status>', 'WAIT, RUNNING, SUCCESS, FAIL or DISCARD')
    .option('--request <id>', 'only this invocation, however old')
    .option('--tag <tag>', 'only those with this tag')
    .option('--active', 'only those that wait or run')
    .option('--limit <count>', 'at most 500', '20')
    .action(async (fn: string, options: RecordOptions) => listRecords(session(), fn, options));
  program
    .command('notices')
    .description('list notifications of invocations, newest first')
    .option('--function <function>', 'only those of this function')
    .option('--state <state>', 'pending, delivered or undelivered')
    .option('--target <target>', 'only those for this target, as OBS:results/')
    .option('--limit <count>', 'at most 500', '20')
    .option('--after <marker>', 'the page after this marker')
    .action(async (options: NoticeOptions) => listNotices(session(), options));
  program
    .command('rejects')
    .description('list refused records of the Kafka topic intake, newest first')
    .option('--function <function>', 'only those for this function')
    .option('--code <code>', 'only those refused for this reason, as payload-too-large')
    .option('--limit <count>', 'at most 500', '20')
    .option('--after <marker>', 'the page after this marker')
    .action(async (options: RejectOptions) => listRejects(session(), options));
  const targets = program
    .command('targets')
    .description('list targets of notifications: open notices, circuit breaker, last success, last error')
    .option('--limit <count>', 'at most 100', '20')
    .option('--after <marker>', 'the page after this marker')
    .action(async (options: TargetOptions) => listTargets(session(), options));
  targets
    .command('enable')
    .argument('<target>', 'as the list shows it')
    .description('switch a target on again')
    .action(async (target: string) => enableTarget(session(), target));
  targets
    .command('test')
    .argument('<target>', 'as the list shows it')
    .description('send one test notice to a target, and say how it went')
    .action(async (target: string) => testTarget(session(), target));
  program
    .command('ledger')
    .argument('[function]')
    .description('count what was accepted, has ended and is in flight, and list what is unaccounted for')
    .action(async (fn?: string) => showLedger(session(), fn));
  program
    .command('verify')
    .description('invoke through both doors for a while, and judge whether the promises were held')
    .option('--minutes <minutes>', 'how long, 60 at most', '1')
    .option('--rate <count>', 'invocations a second, 100 at most', '5')
    .option('--function <function>', 'invoke this one; by default one that is made and removed')
    .option('--brokers <brokers>', 'host:port,... for the Kafka door; by default those of npm start in this folder')
    .option('--topic <topic>', 'the intake topic, if its prefix is another one')
    .option('--patience <seconds>', 'how long to wait for what has not ended', '120')
    .option('--lateness <ms>', 'how late a delayed one may start', '1000')
    .action(async (options: VerifyOptions) => verify(session(), options));
  program
    .command('statistics')
    .description('show what waits for each function, how old it is, and how long it will take')
    .action(async () => showStatistics(session()));
  program
    .command('cancel')
    .argument('<function>')
    .argument('<request>', 'request id')
    .description('cancel an invocation that waits or runs')
    .action(async (fn: string, requestId: string) => cancel(session(), fn, requestId));
  program
    .command('logs')
    .argument('<function>')
    .description('print the log of a function')
    .option('-f, --follow', 'go on until interrupted')
    .option('--request <id>', 'only lines of this invocation')
    .option('--limit <count>', 'how many lines to begin with, at most 500', '100')
    .action(async (fn: string, options: LogOptions) => logs(session(), fn, options));
}

function addSteeringCommands(program: Command, session: MakeSession): void {
  for (const act of ['pause', 'resume'] as const)
    program
      .command(act)
      .argument('<function>')
      .description(act === 'pause' ? 'take no invocations, and start no attempts' : 'end a pause')
      .option('--part <part>', 'intake or execution; by default both')
      .action(async (fn: string, options: { part?: string }) => pauseOrResume(session(), act, fn, options));
  program
    .command('purge')
    .argument('<function>')
    .description('count the invocations that wait; with --yes, cancel them')
    .option('--yes', 'cancel them')
    .option('--include-running', 'cancel those that run, too')
    .action(async (fn: string, options: { yes?: boolean; includeRunning?: boolean }) => purge(session(), fn, options));
}

function addRedriveCommands(program: Command, session: MakeSession): void {
  const redrive = program
    .command('redrive')
    .description('count failed invocations or undelivered notices; with --yes, start them again')
    .option('--undelivered', 'notices instead of invocations')
    .option('--function <function>', 'only of this function')
    .option('--condition <condition>', 'only those that ended so, as UnhandledInvocationError')
    .option('--status <status>', 'FAIL or DISCARD; by default both')
    .option('--error <text>', 'a part of the error message')
    .option('--target <target>', 'only notices of this target, as sendoff targets names it')
    .option('--begin <time>', 'accepted (notices: given up) at this time or later, as 2026-11-25T09:45:00')
    .option('--end <time>', 'accepted (notices: given up) at this time or earlier')
    .option('--rate <count>', 'how many are started in a second')
    .option('--canary <count>', 'so many first; the others wait until these have ended')
    .option('--stop-at <share>', 'stop when more than this share failed or was not delivered again, 0 to 1')
    .option('--limit <count>', 'the most that it looks at')
    .option('--yes', 'start them')
    .option('--wait', 'wait until all have ended')
    .action(async (options: RedriveOptions) => startRedrive(session(), options));
  redrive
    .command('list')
    .description('list the redrives that are kept')
    .action(async () => listRedrives(session()));
  redrive
    .command('show')
    .argument('<redrive>')
    .option('--wait', 'wait until it has ended')
    .description('show how far a redrive is')
    // Commander gives the option to the outer command, which has it too.
    .action(async (id: string, _own: object, { parent }: Command) => showRedrive(session(), id, parent?.opts() ?? {}));
  for (const act of ['cancel', 'resume'] as const)
    redrive
      .command(act)
      .argument('<redrive>')
      .description(act === 'cancel' ? 'start nothing more' : 'go on after a cancel or a stop')
      .action(async (id: string) => orderRedrive(session(), id, act));
  program
    .command('audit')
    .description('list who changed what, newest first')
    .option('--by <key>', 'only acts of this access key, or of the token')
    .option('--act <operation>', 'only this operation, as pauseFunction')
    .option('--object <text>', 'a part of the names of what was changed')
    .option('--begin <time>', 'at this time or later, as 2026-11-25T09:45:00')
    .option('--end <time>', 'at this time or earlier')
    .option('--limit <count>', 'how many to list', '20')
    .option('--after <marker>', 'begin after the page that showed this marker')
    .action(async (options: AuditOptions) => showAudit(session(), options));
}

function addHistoryCommands(program: Command, session: MakeSession): void {
  program
    .command('explain')
    .argument('<request>', 'request id')
    .option('--function <function>', 'its function; by default it is searched')
    .description('tell what happened to an invocation, and what it waits for')
    .action(async (requestId: string, options: ExplainOptions) => explainInvocation(session(), requestId, options));
  program
    .command('search')
    .description('find invocations of all functions, newest first')
    .option('--function <function>', 'only of this function')
    .option('--status <statuses>', 'some of WAIT, RUNNING, SUCCESS, FAIL and DISCARD, separated by commas')
    .option('--condition <condition>', 'only those that ended so, as UnhandledInvocationError')
    .option('--request <id>', 'only this request id')
    .option('--key <key>', 'only those of this idempotency key')
    .option('--error <text>', 'a part of the error message')
    .option('--tag <tag>', 'only those with this tag')
    .option('--begin <time>', 'accepted at this time or later, as 2026-11-25T09:45:00')
    .option('--end <time>', 'accepted at this time or earlier')
    .option('--limit <count>', 'how many to find', '20')
    .action(async (options: SearchOptions) => searchInvocations(session(), options));
  program
    .command('events')
    .description('print transitions of invocations as they happen')
    .option('-f, --follow', 'go on until interrupted')
    .option('--function <function>', 'only of this function')
    .option('--status <status>', 'only to this status')
    .option('--request <id>', 'only of this invocation')
    .option('--since <id>', 'begin after the event of this id')
    .action(async (options: EventsOptions) => showEvents(session(), options));
}

function addPolicyCommands(program: Command, session: MakeSession): void {
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
    .option('--on-success <kind=param>', `destination, as 'OBS={"bucket":"results"}'`)
    .option('--on-failure <kind=param>', 'destination of what failed')
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

function addTopicCommands(program: Command, session: MakeSession): void {
  const topics = program.command('topics').description('pub/sub topics');
  topics
    .command('list')
    .description('list all topics')
    .action(async () => listTopics(session()));
  topics
    .command('create')
    .argument('<name>')
    .option('--display <text>', 'display name')
    .description('create a topic')
    .action(async (name: string, options: { display?: string }) => createTopic(session(), name, options));
  topics
    .command('remove')
    .argument('<topic>', 'name or URN')
    .description('remove a topic and its subscriptions')
    .action(async (topic: string) => removeTopic(session(), topic));
  topics
    .command('subscribe')
    .argument('<topic>', 'name or URN')
    .argument('<protocol>', 'http, https or functionstage')
    .argument('<endpoint>', 'a URL, or the URN of a function')
    .description('send the messages of a topic to an endpoint')
    .action(async (topic: string, protocol: string, endpoint: string) => subscribe(session(), topic, protocol, endpoint));
  topics
    .command('publish')
    .argument('<topic>', 'name or URN')
    .argument('<message>')
    .option('--subject <text>')
    .description('publish a message')
    .action(async (topic: string, message: string, options: { subject?: string }) => publish(session(), topic, message, options));
}

function addPlaceCommands(program: Command, session: MakeSession): void {
  const buckets = program
    .command('buckets')
    .description('list the buckets that policies may name')
    .action(async () => listBuckets(session()));
  buckets
    .command('objects')
    .argument('<bucket>')
    .description('list the objects of a bucket, the last keys first: the newest of a folder')
    .option('--prefix <text>', 'only keys that begin with it')
    .option('--limit <count>', 'at most 500', '20')
    .option('--after <marker>', 'the page after this marker')
    .action(async (bucket: string, options: ObjectOptions) => listObjects(session(), bucket, options));
  const streams = program
    .command('streams')
    .description('list the streams that policies may name')
    .action(async () => listStreams(session()));
  streams
    .command('records')
    .argument('<stream>')
    .description('list the newest records of a stream')
    .option('--limit <count>', 'at most 100', '20')
    .action(async (stream: string, options: { limit: string }) => listStreamRecords(session(), stream, options));
}

function addKeyCommands(program: Command, session: MakeSession): void {
  const keys = program.command('keys').description('access keys');
  keys
    .command('create')
    .description('create a key, and show its secret once')
    .requiredOption('--rights <rights>', 'invoke, read and manage, separated by commas')
    .option('--functions <patterns>', 'names, with * for any characters, or package:name', '*')
    .option('--agencies <patterns>', 'by default none for a key of some functions')
    .option('--topics <patterns>', 'by default none for a key of some functions')
    .option('--description <text>', 'what the key is for', '')
    .action(async (options: KeyOptions) => createKey(session(), options));
  keys
    .command('list')
    .description('list all keys, without secrets')
    .action(async () => listKeys(session()));
  for (const act of ['enable', 'disable'] as const)
    keys
      .command(act)
      .argument('<key>')
      .description(act === 'enable' ? 'accept its requests again' : 'reject its requests')
      .action(async (key: string) => switchKey(session(), key, act));
  keys
    .command('rotate')
    .argument('<key>')
    .option('--grace <seconds>', 'how long the old secret stays valid', '0')
    .description('create a new secret')
    .action(async (key: string, options: { grace: string }) => rotateKey(session(), key, options));
  keys
    .command('delete')
    .argument('<key>')
    .description('delete a key')
    .action(async (key: string) => deleteKey(session(), key));
}

/**
 * Runs one command line.
 * @param words the arguments after the name of the program.
 * @returns the exit code. Failures are shown.
 */
export async function runProgram(surroundings: Surroundings, words: readonly string[]): Promise<number> {
  const program = buildProgram(surroundings, await packageVersion());
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCodes.done.code;
  } catch (error) {
    // Commander has printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done.code : exitCodes.usage.code;
    if (error instanceof CommandFailure) return showFailure(surroundings, error, program.opts<CommonOptions>().json === true);
    throw error;
  }
}

function showFailure({ note, interrupted }: Surroundings, failure: CommandFailure, isJson: boolean): number {
  const { exit, message, nextStep } = failure;
  if (interrupted.aborted && exit !== 'promiseBroken') return exitCodes.interrupted.code;
  const { code } = exitCodes[exit];
  if (isJson) note(JSON.stringify({ error: message, class: exit, exit_code: code, next_step: nextStep }));
  else {
    note(`sendoff: ${message}`);
    if (nextStep !== undefined) note(`next: ${nextStep}`);
  }
  return code;
}
