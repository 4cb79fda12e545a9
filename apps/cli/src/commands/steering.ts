import { CommandFailure } from '../command-failure.ts';
import { tableLines } from '../print-table.ts';
import type { Session } from '../session.ts';

interface Part {
  readonly paused: boolean;
  readonly since?: string;
  readonly by?: string;
}

interface Steering {
  readonly func_urn: string;
  readonly intake: Part;
  readonly execution: Part;
}

const parts = ['intake', 'execution'] as const;

function steeringLines(steering: Steering): string[] {
  const rows = parts.map((part) => {
    const { paused, since = '', by = '' } = steering[part];
    return [part, paused ? 'paused' : 'running', since, by];
  });
  return tableLines(['PART', 'STATE', 'SINCE', 'BY'], rows);
}

/** Pauses or resumes the intake, the execution, or both. */
export async function pauseOrResume(
  session: Session,
  act: 'pause' | 'resume',
  fn: string,
  { part }: { readonly part?: string },
): Promise<void> {
  if (part !== undefined && !parts.includes(part as 'intake'))
    throw new CommandFailure('usage', `--part must be intake or execution, not ${part}`, 'leave it out for both');
  const changed = await session.change<Steering>(
    `${act} ${part === undefined ? 'intake and execution' : `the ${part}`} of ${fn}`,
    {
      method: 'POST',
      path: ['sendoff', 'functions', fn, act],
      body: part === undefined ? {} : { part },
    },
  );
  if (changed !== undefined) session.show(changed.answer, () => steeringLines(changed.answer));
}

interface Purged {
  readonly func_urn: string;
  readonly accepted_until: string;
  readonly waiting: number;
  readonly running: number;
  readonly purged: boolean;
}

/** Counts the invocations of a function that wait. Cancels them with `yes`, if it is no dry run. */
export async function purge(
  session: Session,
  fn: string,
  { yes: isMeant = false, includeRunning = false }: { readonly yes?: boolean; readonly includeRunning?: boolean },
): Promise<void> {
  const isDryRun = session.options.dryRun === true || !isMeant;
  const answer = await session.ask<Purged>({
    method: 'POST',
    path: ['sendoff', 'functions', fn, 'purge'],
    body: { dry_run: isDryRun, include_running: includeRunning },
  });
  const count = `${answer.waiting} ${answer.waiting === 1 ? 'invocation waits' : 'invocations wait'}, ${answer.running} run`;
  session.show(answer, () =>
    isDryRun ? [count, `cancel them: sendoff purge ${fn} --yes`] : [`${count}: they are cancelled now`],
  );
}
