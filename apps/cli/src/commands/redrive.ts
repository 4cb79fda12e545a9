import { CommandFailure } from '../command-failure.ts';
import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

/** A redrive as the API shows it. */
interface Redrive {
  readonly id: string;
  readonly of: string;
  readonly state: string;
  readonly reason?: string;
  readonly created_time: string;
  readonly created_by: string;
  readonly selected: number;
  readonly sent: number;
  /** Of invocations, as far as they have ended. */
  readonly succeeded?: number;
  readonly failed?: number;
  /** Of notices, as far as they have ended. */
  readonly delivered?: number;
  readonly undelivered?: number;
  readonly refused: readonly { readonly reason: string; readonly count: number }[];
}

/** The things that a redrive would start. */
interface Preview {
  readonly id: string;
  readonly selected: number;
  readonly is_more: boolean;
  readonly first_request_ids: readonly string[];
  readonly estimated_seconds: number;
}

/** Options of `sendoff redrive`. */
export interface RedriveOptions {
  readonly undelivered?: boolean;
  readonly function?: string;
  readonly condition?: string;
  readonly status?: string;
  readonly error?: string;
  readonly target?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly rate?: string;
  readonly canary?: string;
  readonly stopAt?: string;
  readonly limit?: string;
  readonly yes?: boolean;
  readonly wait?: boolean;
}

const lookAgainMs = 1_000;
const activeStates: readonly string[] = ['running', 'waiting'];

/** Counts what a redrive would start. Starts it with `yes`, if it is no dry run. */
export async function startRedrive(session: Session, options: RedriveOptions): Promise<void> {
  const body = bodyOf(options);
  const preview = await session.ask<Preview>({ method: 'POST', path: ['sendoff', 'redrives'], body: { ...body, dry_run: true } });
  const what = options.undelivered === true ? 'undelivered notices' : 'failed invocations';
  const count = `${preview.is_more ? 'at least ' : ''}${preview.selected} ${what}, in about ${preview.estimated_seconds} s`;
  const isMeant = options.yes === true && session.options.dryRun !== true;
  // Published messages have no record, so notices may be there although none is counted.
  const isNothing = preview.selected === 0 && options.undelivered !== true;
  if (!isMeant || isNothing)
    return session.show(preview, () => [
      count,
      ...(options.undelivered === true ? ['published messages are not counted, and are started, too'] : []),
      ...preview.first_request_ids.map((id) => `  ${id}`),
      ...(isNothing ? [] : ['start them: the same command with --yes']),
    ]);
  const { id } = await session.ask<Preview>({ method: 'POST', path: ['sendoff', 'redrives'], body });
  const redrive = options.wait === true ? await followed(session, id) : await find(session, id);
  session.show(redrive, () => [
    ...(options.wait === true ? [] : [`${count}: started`, `see how far it is: sendoff redrive show ${id}`]),
    ...redriveLines([redrive]),
  ]);
  if (redrive.state === 'stopped')
    throw new CommandFailure(
      'functionFailed',
      `the redrive stopped: ${redrive.reason ?? ''}`,
      `go on: sendoff redrive resume ${id}`,
    );
}

/** Lists the redrives that are kept. */
export async function listRedrives(session: Session): Promise<void> {
  const answer = await session.ask<{ redrives: readonly Redrive[] }>({ path: ['sendoff', 'redrives'] });
  session.show(answer, () => (answer.redrives.length === 0 ? ['There is no redrive yet.'] : redriveLines(answer.redrives)));
}

/** Shows one redrive; with `wait`, after it has ended. */
export async function showRedrive(session: Session, id: string, { wait = false }: { readonly wait?: boolean }): Promise<void> {
  const redrive = wait ? await followed(session, id) : await find(session, id);
  session.show(redrive, () => redriveLines([redrive]));
}

/** Cancels or resumes a redrive. */
export async function orderRedrive(session: Session, id: string, act: 'cancel' | 'resume'): Promise<void> {
  const changed = await session.change<Redrive>(`${act} the redrive ${id}`, {
    method: 'POST',
    path: ['sendoff', 'redrives', id, act],
  });
  if (changed !== undefined) session.show(changed.answer, () => redriveLines([changed.answer]));
}

async function find(session: Session, id: string): Promise<Redrive> {
  return session.ask<Redrive>({ path: ['sendoff', 'redrives', id] });
}

/** Looks at a redrive until it has ended. A bar on the terminal tells how far it is. */
async function followed(session: Session, id: string): Promise<Redrive> {
  const { wait, progress } = session.surroundings;
  const bar = session.options.json === true ? undefined : progress?.();
  try {
    for (;;) {
      const redrive = await find(session, id);
      const { well, badly, badlyWord } = endsOf(redrive);
      bar?.update(well + badly, redrive.sent, `${redrive.state}, ${badly} ${badlyWord}`);
      if (!activeStates.includes(redrive.state)) return redrive;
      await wait(lookAgainMs);
    }
  } finally {
    bar?.end();
  }
}

function endsOf({ of, succeeded = 0, failed = 0, delivered = 0, undelivered = 0 }: Redrive) {
  return of === 'failed'
    ? { well: succeeded, wellWord: 'succeeded', badly: failed, badlyWord: 'failed' }
    : { well: delivered, wellWord: 'delivered', badly: undelivered, badlyWord: 'undelivered' };
}

function endedText(redrive: Redrive): string {
  const { well, wellWord, badly, badlyWord } = endsOf(redrive);
  return `${well} ${wellWord}, ${badly} ${badlyWord}`;
}

function redriveLines(redrives: readonly Redrive[]): string[] {
  const rows = redrives.map((redrive) => {
    const { id, of, state, selected, sent, refused, created_time: createdTime, created_by: createdBy } = redrive;
    const refusals = refused.map(({ reason, count }) => `${reason} ${count}`).join(', ');
    return [id, of, state, selected, sent, endedText(redrive), refusals, createdTime, createdBy];
  });
  const table = tableLines(['REDRIVE', 'OF', 'STATE', 'SELECTED', 'SENT', 'ENDED', 'REFUSED', 'CREATED', 'BY'], rows);
  return [...table, ...redrives.flatMap(({ id, reason }) => (reason === undefined ? [] : [`${id}: ${reason}`]))];
}

function bodyOf(options: RedriveOptions): Record<string, unknown> {
  const { function: fn, condition, status, error, target, begin, end, stopAt } = options;
  const whole = (name: 'rate' | 'canary' | 'limit') => {
    const text = options[name];
    return text === undefined ? undefined : parseWhole(text, `--${name}`);
  };
  if (stopAt !== undefined && !(Number(stopAt) >= 0 && Number(stopAt) <= 1))
    throw new CommandFailure('usage', `--stop-at must be a share from 0 to 1, not ${stopAt}`);
  return {
    of: options.undelivered === true ? 'undelivered' : 'failed',
    function: fn,
    condition,
    status,
    error_text: error,
    target,
    begin_time: begin,
    end_time: end,
    rate: whole('rate'),
    canary: whole('canary'),
    limit: whole('limit'),
    stop_at: stopAt === undefined ? undefined : Number(stopAt),
  };
}
