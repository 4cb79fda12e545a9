import type { Command } from 'commander';
import { type EventsOptions, showEvents } from '../commands/events.ts';
import { explainInvocation, type ExplainOptions } from '../commands/explain.ts';
import { invoke, type InvokeOptions } from '../commands/invoke.ts';
import { showLedger, showStatistics } from '../commands/ledger.ts';
import { type LogOptions, logs } from '../commands/logs.ts';
import {
  enableTarget,
  listNotices,
  listTargets,
  type NoticeOptions,
  type TargetOptions,
  testTarget,
} from '../commands/notices.ts';
import { cancel, listRecords, type RecordOptions } from '../commands/records.ts';
import { listRejects, type RejectOptions } from '../commands/rejects.ts';
import { searchInvocations, type SearchOptions } from '../commands/search.ts';
import { verify, type VerifyOptions } from '../commands/verify.ts';
import type { MakeSession } from '../session.ts';

/** Declares the commands that invoke, and that show what becomes of invocations. */
export function addInvocationCommands(program: Command, session: MakeSession): void {
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

/** Declares the commands that find and explain invocations. */
export function addHistoryCommands(program: Command, session: MakeSession): void {
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
    .option('--after <marker>', 'go on after this marker')
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
