import { CommandFailure } from '../command-failure.ts';
import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

/** A notice as the API shows it. */
interface Notice {
  readonly request_id: string;
  readonly function_urn: string;
  readonly accepted_time: string;
  readonly target: string;
  readonly state: string;
  readonly tries: number;
  readonly next_due_time?: string;
  readonly reason?: string;
  readonly location?: string;
}

/** Options of `sendoff notices`. */
export interface NoticeOptions {
  readonly function?: string;
  readonly state?: string;
  readonly target?: string;
  readonly limit: string;
  /** The marker of the next page. */
  readonly after?: string;
}

/** Lists notifications of invocations. */
export async function listNotices(session: Session, options: NoticeOptions): Promise<void> {
  const { function: fn, state, target, after: marker } = options;
  const limit = parseWhole(options.limit, '--limit');
  const answer = await session.ask<{ notices: readonly Notice[]; next_marker: string }>({
    path: ['sendoff', 'notices'],
    query: { function: fn, state, target, limit, marker },
  });
  session.show(answer, () => noticeLines(answer.notices, answer.next_marker));
}

function noticeLines(notices: readonly Notice[], next: string): string[] {
  if (notices.length === 0) return ['There is no such notice.'];
  const rows = notices.map((notice) => [
    notice.request_id,
    notice.target,
    notice.state,
    String(notice.tries),
    notice.accepted_time,
    notice.next_due_time ?? '',
    notice.reason ?? notice.location ?? '',
  ]);
  const table = tableLines(['REQUEST', 'TARGET', 'STATE', 'TRIES', 'ACCEPTED', 'NEXT TRY', 'REASON OR LOCATION'], rows);
  return next === '' ? table : [...table, `more: --after ${next}`];
}

interface Target {
  readonly target: string;
  readonly pending: number;
  readonly undelivered: number;
  readonly circuit: string;
  readonly failures: number;
  readonly switched_off: boolean;
  /** It no longer exists. A server of an earlier release does not tell. */
  readonly removed?: boolean;
  readonly failing_since?: string;
  readonly last_success_time?: string;
  readonly last_error?: string;
  readonly last_error_time?: string;
}

/** Options of `sendoff targets`. */
export interface TargetOptions {
  readonly limit: string;
  /** The marker of the next page. */
  readonly after?: string;
}

/** Lists targets of notifications. */
export async function listTargets(session: Session, options: TargetOptions): Promise<void> {
  const query = { limit: parseWhole(options.limit, '--limit'), marker: options.after };
  const answer = await session.ask<{ targets: readonly Target[]; next_marker: string }>({ path: ['sendoff', 'targets'], query });
  session.show(answer, () => targetLines(answer.targets, answer.next_marker));
}

function stateOf({ removed, switched_off: isOff, circuit }: Target): string {
  if (removed === true) return 'removed';
  return isOff ? 'switched off' : circuit;
}

function targetLines(targets: readonly Target[], next: string): string[] {
  if (targets.length === 0) return ['No notification has had a target yet.'];
  const rows = targets.map((target) => [
    target.target,
    target.pending,
    target.undelivered,
    stateOf(target),
    target.failures,
    target.failing_since ?? '',
    target.last_success_time ?? '',
    target.last_error_time ?? '',
    target.last_error ?? '',
  ]);
  const table = tableLines(
    ['TARGET', 'PENDING', 'UNDELIVERED', 'CIRCUIT', 'FAILURES', 'FAILING SINCE', 'LAST SUCCESS', 'LAST ERROR AT', 'LAST ERROR'],
    rows,
  );
  return next === '' ? table : [...table, `more: --after ${next}`];
}

/** Switches a target on again. */
export async function enableTarget(session: Session, target: string): Promise<void> {
  const changed = await session.change<{ was_switched_off: boolean }>(`switch on the target ${target}`, {
    method: 'POST',
    path: ['sendoff', 'targets', target, 'enable'],
  });
  if (changed === undefined) return;
  const { was_switched_off: wasSwitchedOff } = changed.answer;
  session.show(changed.answer, () => [
    wasSwitchedOff ? `${target} is switched on` : `${target} was not switched off: sendoff targets lists the states`,
  ]);
}

/** The answer to the test of a target. */
interface Tested {
  readonly id: string;
  readonly outcome: 'delivered' | 'deferred' | 'refused' | 'unknown';
  readonly took_ms?: number;
  readonly reason?: string;
  readonly location?: string;
}

/** Sends one test notice to a target. Fails unless the target took it. */
export async function testTarget(session: Session, target: string): Promise<void> {
  const changed = await session.change<Tested>(`send a test notice to the target ${target}`, {
    method: 'POST',
    path: ['sendoff', 'targets', target, 'test'],
  });
  if (changed === undefined) return;
  const { answer } = changed;
  const { id, outcome, took_ms: tookMs, reason = '', location } = answer;
  if (outcome === 'delivered')
    return session.show(answer, () => [`${target} took the test notice ${id} in ${tookMs} ms: ${location ?? 'delivered'}`]);
  if (outcome === 'unknown')
    throw new CommandFailure(
      'unavailable',
      `no notifier told in time how the test of ${target} went`,
      'see its log, or test again',
    );
  const next = outcome === 'refused' ? 'mend the target or the request' : 'mend the target, and test it again';
  throw new CommandFailure('failed', `${target} did not take the test notice (${outcome}): ${reason}`, next);
}
