import { printable } from '#contracts';
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
  /** Looked at so far. */
  readonly selected: number;
  /** About how many follow; absent if nobody counted them. */
  readonly left?: number;
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
  readonly startable: number;
  readonly refused: Redrive['refused'];
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
  readonly madeAnew?: boolean;
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
  const isMeant = options.yes === true && session.options.dryRun !== true;
  // Published messages have no record, so notices may be there although none is counted.
  const isNothing = preview.startable === 0 && !preview.is_more && options.undelivered !== true;
  if (!isMeant || isNothing) return session.show(preview, () => previewLines(preview, options, isNothing));
  const { id } = await session.ask<Preview>({ method: 'POST', path: ['sendoff', 'redrives'], body });
  if (options.wait === true) return showEnd(session, id);
  const redrive = await find(session, id);
  session.show(redrive, () => [
    `${countText(preview, options)}: started`,
    `see how far it is: sendoff redrive show ${id}`,
    ...redriveLines([redrive]),
  ]);
}

function countText({ startable, is_more: isMore, estimated_seconds: seconds }: Preview, { undelivered }: RedriveOptions): string {
  const what = undelivered === true ? 'undelivered notices' : 'failed invocations';
  return `${isMore ? 'at least ' : ''}${startable} ${what}, in about ${seconds} s`;
}

function previewLines(preview: Preview, options: RedriveOptions, isNothing: boolean): string[] {
  const refusals = refusalText(preview.refused);
  return [
    countText(preview, options),
    ...(refusals === '' ? [] : [`left out: ${refusals}`]),
    ...(preview.refused.some(({ reason }) => reason === 'function-made-anew')
      ? ['start those of a removed function on the one of the same name, too: --made-anew']
      : []),
    ...(options.undelivered === true ? ['published messages are not counted, and are started, too'] : []),
    ...preview.first_request_ids.map((id) => `  ${id}`),
    ...(isNothing ? [] : ['start them: the same command with --yes']),
  ];
}

function refusalText(refused: Redrive['refused']): string {
  return refused.map(({ reason, count }) => `${reason} ${count}`).join(', ');
}

/**
 * Waits until a redrive has ended, and shows it.
 * @throws CommandFailure `functionFailed` if it stopped or some failed again; `failed` if it was
 *   canceled.
 */
async function showEnd(session: Session, id: string): Promise<void> {
  const redrive = await followed(session, id);
  session.show(redrive, () => redriveLines([redrive]));
  const { badly, badlyWord } = endsOf(redrive);
  if (redrive.state === 'stopped')
    throw new CommandFailure('functionFailed', `the redrive stopped: ${redrive.reason ?? ''}`, `sendoff redrive resume ${id}`);
  if (redrive.state === 'canceled')
    throw new CommandFailure('failed', 'the redrive was canceled before its end', `sendoff redrive resume ${id}`);
  if (badly > 0)
    throw new CommandFailure(
      'functionFailed',
      `${badly} of ${redrive.sent} ${badlyWord} again`,
      redrive.of === 'failed' ? `sendoff search --tag redrive.${id} --status FAIL,DISCARD` : 'sendoff targets',
    );
}

/** Lists the redrives that are kept. */
export async function listRedrives(session: Session): Promise<void> {
  const answer = await session.ask<{ redrives: readonly Redrive[] }>({ path: ['sendoff', 'redrives'] });
  session.show(answer, () => (answer.redrives.length === 0 ? ['There is no redrive yet.'] : redriveLines(answer.redrives)));
}

/** Shows one redrive; with `wait`, after it has ended. */
export async function showRedrive(session: Session, id: string, { wait = false }: { readonly wait?: boolean }): Promise<void> {
  if (wait) return showEnd(session, id);
  const redrive = await find(session, id);
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
      bar?.update(well + badly, redrive.sent + (redrive.left ?? 0), printable(`${redrive.state}, ${badly} ${badlyWord}`));
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
    const { id, of, state, selected, left = '', sent, refused, created_time: createdTime, created_by: createdBy } = redrive;
    return [id, of, state, selected, left, sent, endedText(redrive), refusalText(refused), createdTime, createdBy];
  });
  const table = tableLines(['REDRIVE', 'OF', 'STATE', 'LOOKED AT', 'LEFT', 'SENT', 'ENDED', 'REFUSED', 'CREATED', 'BY'], rows);
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
    made_anew: options.madeAnew,
    rate: whole('rate'),
    canary: whole('canary'),
    limit: whole('limit'),
    stop_at: stopAt === undefined ? undefined : Number(stopAt),
  };
}
