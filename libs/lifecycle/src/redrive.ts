/** Rules of redrives: what is known of one, and what the process that runs it does next. */
import type { EpochMs, RedriveKind, RedriveOrder, RedriveRun, RedriveSpec } from '#contracts';

/** All that is known of a redrive. */
export interface Redrive {
  readonly spec: RedriveSpec;
  /** Absent until a process has begun to run it. */
  readonly run?: RedriveRun;
  readonly order?: RedriveOrder;
}

/**
 * `running`: it starts things again, or waits for those of its canary. `waiting`: it has started
 * all, and some have not ended. `stopped`: too many failed. `ended` is over for good.
 */
export type RedriveState = 'running' | 'waiting' | 'stopped' | 'canceled' | 'ended';

/** The beginning of a run, before its first step. */
export function firstRun(process: string, at: EpochMs): RedriveRun {
  return {
    process,
    at,
    marker: '',
    isExhausted: false,
    selected: 0,
    sent: 0,
    refusals: [],
    examples: [],
    succeeded: 0,
    failed: 0,
    isCanaryPassed: false,
    before: { succeeded: 0, failed: 0 },
  };
}

/** The state of a redrive, in a word. */
export function redriveStateOf({ spec, run, order }: Redrive): RedriveState {
  if (run?.endedAt !== undefined) return 'ended';
  if (order?.act === 'cancel') return 'canceled';
  if (run?.stop !== undefined && (order === undefined || order.at < run.stop.at)) return 'stopped';
  return run !== undefined && isAllLookedAt(spec, run) ? 'waiting' : 'running';
}

/** True while a process must run it. */
export function isActiveRedrive(redrive: Redrive): boolean {
  const state = redriveStateOf(redrive);
  return state === 'running' || state === 'waiting';
}

/** The run of a redrive that was resumed after it had stopped: earlier failures count no more. */
export function resumedRun({ stop: _stop, ...run }: RedriveRun): RedriveRun {
  return { ...run, isCanaryPassed: true, before: { succeeded: run.succeeded, failed: failedOf(run) } };
}

/**
 * A redrive waits so long for the next end of those that it has sent, in milliseconds. No
 * invocation is valid for longer. By default a notice is given up after an hour.
 */
const endsAwaitedMs = 86_400_000;

/**
 * The run with the ends that are known now. If none came for a day, the others are missing: their
 * records, or the records of their ends, were lost.
 */
export function withEnds(
  { missing = 0, ...run }: RedriveRun,
  { succeeded, failed }: Pick<RedriveRun, 'succeeded' | 'failed'>,
  now: EpochMs,
): RedriveRun {
  const hasGoneOn = succeeded + failed > run.succeeded + run.failed;
  const progressAt = hasGoneOn ? now : (run.progressAt ?? now);
  const open = Math.max(0, run.sent - succeeded - failed);
  const given = now - progressAt > endsAwaitedMs ? open : Math.min(missing, open);
  return { ...run, succeeded, failed, progressAt, ...(given === 0 ? {} : { missing: given }) };
}

/** How many of those that were sent failed again, or are missing. */
export function failedOf({ failed, missing = 0 }: RedriveRun): number {
  return failed + missing;
}

/** About how many a redrive has still to look at; undefined if its creation did not count them. */
export function leftOf({ spec, run }: Redrive): number | undefined {
  if (run !== undefined && isAllLookedAt(spec, run)) return 0;
  return spec.expected === undefined ? undefined : Math.max(0, spec.expected - (run?.selected ?? 0));
}

/** The next step of the process that runs a redrive. */
export type RedriveStep =
  | { readonly kind: 'send'; readonly count: number }
  /** Some of those that were sent have not ended. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'end' };

/** From so many ended ones on, a share of failures stops a redrive that goes on. */
const judgedMin = 10;

const failureWords = { failed: 'failed', undelivered: 'were not delivered' } as const satisfies Record<RedriveKind, string>;

/** Decides the next step, once in a second. */
export function nextRedriveStep(spec: RedriveSpec, run: RedriveRun): RedriveStep {
  const { succeeded, sent, before } = run;
  const failed = failedOf(run);
  const areAllEnded = haveAllEnded(run);
  const isCanary = isInCanary(spec, run);
  const isCanarySent = isCanary && (sent >= spec.canary || isAllLookedAt(spec, run));
  const judged = succeeded + failed - before.succeeded - before.failed;
  const failures = failed - before.failed;
  const isJudged = isCanary ? isCanarySent && areAllEnded : judged >= judgedMin || areAllEnded;
  if (isJudged && judged > 0 && failures / judged > spec.stopAtShare)
    return {
      kind: 'stop',
      reason: `${failures} of ${judged} ${failureWords[spec.selection.kind]}, more than the share of ${spec.stopAtShare}`,
    };
  if (isAllLookedAt(spec, run)) return areAllEnded ? { kind: 'end' } : { kind: 'wait' };
  if (isCanarySent && !areAllEnded) return { kind: 'wait' };
  const room = Math.min(spec.ratePerSecond, spec.selectedMax - run.selected);
  return { kind: 'send', count: isCanary && !isCanarySent ? Math.min(room, spec.canary - sent) : room };
}

/** True if the next step to send goes beyond the canary: all of it has ended well. */
export function passesCanary(spec: RedriveSpec, run: RedriveRun): boolean {
  return isInCanary(spec, run) && run.sent >= spec.canary && haveAllEnded(run);
}

function haveAllEnded(run: RedriveRun): boolean {
  return run.succeeded + failedOf(run) >= run.sent;
}

function isInCanary(spec: RedriveSpec, run: RedriveRun): boolean {
  return spec.canary > 0 && !run.isCanaryPassed;
}

function isAllLookedAt(spec: RedriveSpec, run: RedriveRun): boolean {
  return run.isExhausted || run.selected >= spec.selectedMax;
}
