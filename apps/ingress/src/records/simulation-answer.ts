import { epochMs, utcInstant } from '#contracts';
import type { ConditionCounts, FailureModel, ReplayedPolicyResult, SimulatedPolicy, SimulatedPolicyResult } from '#lifecycle';
import type { ObservedRecords } from './observed-records.ts';

const seconds = (ms: number): number => ms / 1_000;
/** Shares and factors have four digits. */
const rounded = (share: number): number => Math.round(share * 10_000) / 10_000;

function endsAnswer({ '': succeeded = 0, ...conditions }: ConditionCounts) {
  return { succeeded, conditions };
}

/** Shows a simulation with a model. */
export function simulationAnswer(
  policy: SimulatedPolicy,
  model: FailureModel,
  result: SimulatedPolicyResult,
): Record<string, unknown> {
  return {
    policy: policyAnswer(policy),
    model: {
      failure_share: model.failureShare,
      unavailable_share: model.unavailableShare,
      is_retryable: model.isRetryable,
      duration_in_seconds: seconds(model.durationMs),
      arrivals_per_second: model.arrivalsPerSecond,
      invocations: model.invocations,
      outages: model.outages.map(({ fromMs, toMs }) => ({ from_in_seconds: seconds(fromMs), to_in_seconds: seconds(toMs) })),
    },
    ...resultAnswer(result),
  };
}

/** Shows a replay of records, and what happened beside it. */
export function replayAnswer(policy: SimulatedPolicy, observed: ObservedRecords, result: ReplayedPolicyResult) {
  const { model, happened, unrecorded } = result;
  const { replayed } = observed;
  const spanMs = (replayed.at(-1)?.at ?? 0) - (replayed[0]?.at ?? 0);
  return {
    policy: policyAnswer(policy),
    model: {
      failure_share: rounded(model.failureShare),
      unavailable_share: rounded(model.unavailableShare),
      is_retryable: true,
      duration_in_seconds: seconds(model.durationMs),
      arrivals_per_second: spanMs <= 0 ? 1 : Math.max(0.001, rounded(((replayed.length - 1) * 1_000) / spanMs)),
      invocations: replayed.length,
      outages: [],
    },
    ...resultAnswer(result),
    records: {
      from_time: utcInstant(epochMs(observed.from)),
      to_time: utcInstant(epochMs(observed.to)),
      first_arrival_time: utcInstant(epochMs(replayed[0]?.at ?? 0)),
      found: observed.found,
      read: observed.read,
      factor: rounded(observed.factor),
      not_ended: observed.notEnded,
      before_policy: observed.beforePolicy,
      happened: { ...endsAnswer(happened.conditions), attempts: happened.attempts, load: happened.load },
      unrecorded_attempts: unrecorded,
      words: wordsOf(observed, result),
    },
  };
}

/** Says how far the records tell how attempts ended. */
function wordsOf(
  { found, read, factor, notEnded, beforePolicy }: ObservedRecords,
  result: ReplayedPolicyResult,
): readonly string[] {
  const { unrecorded, attempts, model } = result;
  const failing = `${rounded((model.failureShare + model.unavailableShare) * 100)} %`;
  return [
    factor === 1
      ? `All ${found} records of the last 7 days were read.`
      : `${read} of ${found} records of the last 7 days were read: each stands for ${rounded(factor)}. Their arrivals are spread over their minutes.`,
    ...(notEnded === 0 ? [] : [`${notEnded} have not ended, and are left out.`]),
    unrecorded === 0
      ? `The records tell of all ${attempts} attempts.`
      : `The records tell nothing of ${unrecorded} of ${attempts} attempts, which were never made. Of the recorded ${model.of}, ${failing} failed: so do these.`,
    ...(beforePolicy === 0 ? [] : [`${beforePolicy} were accepted before the present policy: their waits are drawn anew.`]),
    'Attempts begin as late after their due time as they did: a policy with more attempts would wait longer for its turns.',
  ];
}

function policyAnswer({ retriesMax, eventAgeMaxMs, backoff }: SimulatedPolicy) {
  return {
    max_async_retry_attempts: retriesMax,
    max_async_event_age_in_seconds: seconds(eventAgeMaxMs),
    retry_wait_base_in_seconds: seconds(backoff.baseMs),
    retry_wait_max_in_seconds: seconds(backoff.maxMs),
  };
}

function resultAnswer({ conditions, attempts, schedule, load, endMs, isComplete }: SimulatedPolicyResult) {
  return {
    ...endsAnswer(conditions),
    attempts,
    schedule: schedule.map(({ attempt, started, succeeded, earliestMs, meanMs, latestMs }) => ({
      attempt,
      started,
      succeeded,
      earliest_in_seconds: seconds(earliestMs),
      mean_in_seconds: seconds(meanMs),
      latest_in_seconds: seconds(latestMs),
    })),
    load: { interval_in_seconds: seconds(load.intervalMs), arrivals: load.arrivals, attempts: load.attempts },
    end_in_seconds: seconds(endMs),
    is_complete: isComplete,
  };
}
