import type { Command } from 'commander';
import { type AuditOptions, showAudit } from '../commands/audit.ts';
import { listRedrives, orderRedrive, type RedriveOptions, showRedrive, startRedrive } from '../commands/redrive.ts';
import { pauseOrResume, purge } from '../commands/steering.ts';
import type { MakeSession } from '../session.ts';

/** Declares the commands that hold functions up. */
export function addSteeringCommands(program: Command, session: MakeSession): void {
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

/** Declares the commands for redrives, and the audit log. */
export function addRedriveCommands(program: Command, session: MakeSession): void {
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
    .option('--made-anew', 'also events of a removed function, on the one that was made anew under its name')
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
