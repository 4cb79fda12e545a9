import { conditions, type Settlement, type Target } from '#contracts';

/**
 * The target to which the policy of an invocation sends this outcome. FAIL and DISCARD both go to
 * the target for failures.
 * @returns undefined if the policy names no target for it.
 */
export function targetFor({ condition, invocation }: Pick<Settlement, 'condition' | 'invocation'>): Target | undefined {
  const { onSuccess, onFailure } = invocation.policy.destinations;
  return conditions[condition].status === 'SUCCESS' ? onSuccess : onFailure;
}
