import { type DeliveryTarget, parseFunctionUrn, type Settlement, type Target } from '#contracts';
import { isGranted, resourceOf } from '#lifecycle';
import type { Registry } from '#registry';
import type { TargetDirectory } from './deliveries.ts';

const nowhere = { region: '', project: '' };

/** Grants and subscriptions, from the registry as it is now. */
export class RegistryDirectory implements TargetDirectory {
  constructor(private readonly registry: Registry) {}

  /** A function that was deleted meanwhile had its grants when it was invoked, and its outcome is still owed. */
  refusal({ invocation }: Settlement, target: Target): string | undefined {
    const urn = parseFunctionUrn(invocation.functionUrn, nowhere);
    const fn = urn === undefined ? undefined : this.registry.functionByUrn(urn);
    if (fn === undefined) return undefined;
    const agency = fn.agency === undefined ? undefined : this.registry.agency(fn.project, fn.agency);
    return isGranted(agency, target)
      ? undefined
      : `agency ${fn.agency ?? '(none)'} does not grant ${target.type} ${resourceOf(target)} any more`;
  }

  followers(target: DeliveryTarget): readonly DeliveryTarget[] {
    if (target.type !== 'SMN') return [];
    const subscriptions = this.registry.topic(target.topicUrn)?.subscriptions.filter(({ status }) => status === 1) ?? [];
    return subscriptions.map(({ urn }) => ({ type: 'Subscription', topicUrn: target.topicUrn, subscriptionUrn: urn }));
  }
}
