import { beginningOf, epochMs, type EpochMs, type SwitchOff, type TargetHealth, utcInstant } from '#contracts';
import type { DeliveryResult } from './after-delivery.ts';

/** Longest kept reason of a failure, in characters. */
const reasonLengthMax = 300;

/** When a target is switched off. */
export interface SwitchOffLimits {
  /** Failures since the last success, at least. */
  readonly failuresMin: number;
  /** Time without a success, in milliseconds; 0 switches no target off for that. */
  readonly failingMaxMs: number;
  /** Time in which a webhook answered nothing but 410 (Gone), in milliseconds; 0 as above. */
  readonly goneMaxMs: number;
}

/** A try at a target, and the circuit breaker after it. */
export interface TriedTarget {
  readonly result: DeliveryResult;
  readonly now: EpochMs;
  /** How long the breaker stays open, in milliseconds. Absent if it is closed. */
  readonly openForMs?: number;
}

/**
 * The health of a target after a try.
 *
 * A success ends all failures. A deferred try and an answer 410 are failures. Another refusal is
 * neither: it is about the notice, and not about the target. A postponed try was not made.
 *
 * @returns undefined for a target without failures; `before` itself if nothing changed.
 */
export function healthAfter(before: TargetHealth | undefined, { result, now, openForMs }: TriedTarget): TargetHealth | undefined {
  if (result.kind === 'delivered') return undefined;
  if (result.kind === 'postponed') return before;
  const isGone = result.kind === 'refused' && result.isGone === true;
  if (result.kind === 'refused' && !isGone) return before === undefined ? undefined : afterAnswer(before, openForMs, now);
  const failed: TargetHealth = {
    failures: (before?.failures ?? 0) + 1,
    failingSince: before?.failingSince ?? now,
    error: { reason: beginningOf(result.reason, reasonLengthMax), at: now },
    ...(isGone ? { goneSince: before?.goneSince ?? now } : {}),
  };
  return withBreaker(failed, openForMs, now);
}

function withBreaker({ openUntil: _before, ...health }: TargetHealth, openForMs: number | undefined, now: EpochMs): TargetHealth {
  return openForMs === undefined ? health : { ...health, openUntil: epochMs(now + openForMs) };
}

/** A target that answers closes its breaker, also if it refuses the notice. */
function afterAnswer(before: TargetHealth, openForMs: number | undefined, now: EpochMs): TargetHealth {
  return openForMs === undefined && before.openUntil === undefined ? before : withBreaker(before, openForMs, now);
}

/** Decides if a target is switched off. @returns undefined if it is not. */
export function switchOffAfter(
  { failures, failingSince, goneSince, error }: TargetHealth,
  now: EpochMs,
  { failuresMin, failingMaxMs, goneMaxMs }: SwitchOffLimits,
): SwitchOff | undefined {
  if (failures < failuresMin) return undefined;
  if (goneSince !== undefined && goneMaxMs > 0 && now - goneSince >= goneMaxMs)
    return { at: now, failingSince, reason: `the target has answered nothing but 410 (Gone) since ${utcInstant(goneSince)}` };
  if (failingMaxMs > 0 && now - failingSince >= failingMaxMs)
    return {
      at: now,
      failingSince,
      reason: `no try has succeeded since ${utcInstant(failingSince)}; the last error: ${error.reason}`,
    };
  return undefined;
}

/** The state of a circuit breaker at a moment. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** The state of the circuit breaker of a target. */
export function circuitStateOf(health: Pick<TargetHealth, 'openUntil'> | undefined, now: EpochMs): CircuitState {
  if (health?.openUntil === undefined) return 'closed';
  return now < health.openUntil ? 'open' : 'half-open';
}

/** The reason of a delivery that ends because its target is switched off. */
export function switchedOffReason({ reason }: SwitchOff): string {
  return `no try was made: the target is switched off, because ${reason}`;
}
