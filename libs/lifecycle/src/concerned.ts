import { conditions, type Settlement, type Target } from '#contracts';

/** The target that wants to hear of this end: one a side at most. FAIL and DISCARD are both failures. */
export function concerned({ condition, invocation }: Pick<Settlement, 'condition' | 'invocation'>): Target | undefined {
  const { onSuccess, onFailure } = invocation.policy.destinations;
  return conditions[condition].status === 'SUCCESS' ? onSuccess : onFailure;
}
