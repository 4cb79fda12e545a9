import {
  boundIdOf,
  deliveryIdOf,
  type DeliveryTarget,
  destinationKinds,
  type Destinations,
  isPolicyTarget,
  type DeliveryEvent,
  eventProject,
  parseFunctionUrn,
  type Publication,
  resourceOf,
  type Settlement,
  type Target,
  type TargetName,
} from '#contracts';
import { isGranted } from '#lifecycle';
import type { Registry } from '#registry';
import type { TargetDirectory } from '../delivery-ports.ts';

/** URNs of invocations are complete, so no default region or project is needed to parse one. */
const noDefaults = { region: '', project: '' };

/** Targets that are warned of one switch-off, at most. */
const warnedMax = 20;

/** True if the target of a policy is this target, or the topic of this subscription. */
function isOrHas(named: Target, deliveryId: string, target: DeliveryTarget): boolean {
  if (target.type === 'Subscription') return named.type === 'SMN' && named.topicUrn === target.topicUrn;
  return deliveryIdOf(named) === deliveryId;
}

/** Looks targets, grants and subscriptions up in this process's replica of the registry. */
export class RegistryDirectory implements TargetDirectory {
  constructor(private readonly registry: Registry) {}

  async refusal(event: DeliveryEvent, target: DeliveryTarget): Promise<string | undefined> {
    // The adapter looks a subscription up, and its topic was checked before.
    if (!isPolicyTarget(target)) return undefined;
    // A message may arrive before this replica of the registry has seen a subscription that was
    // made just before it.
    if (event.kind === 'published' || !this.isThere(event, target)) await this.registry.caughtUp();
    if (!this.isThere(event, target))
      return `${destinationKinds[target.type].word} ${resourceOf(target)} does not exist any more`;
    return event.kind === 'settled' ? this.missingGrant(event.settlement, target) : undefined;
  }

  subscriptionTargets(event: DeliveryEvent, target: DeliveryTarget): readonly DeliveryTarget[] {
    if (target.type !== 'SMN') return [];
    const { topicUrn } = target;
    const isMeantFor = event.kind === 'published' ? protocolsOf(event.publication) : () => true;
    const subscriptions = this.registry.topic(topicUrn)?.subscriptions ?? [];
    return subscriptions
      .filter(({ status, protocol }) => status === 1 && isMeantFor(protocol))
      .map(({ urn }) => ({ type: 'Subscription', topicUrn, subscriptionUrn: urn }));
  }

  warningTargets({ project, deliveryId }: TargetName, target: DeliveryTarget): readonly Target[] {
    const isUsedBy = ({ onSuccess, onFailure }: Destinations) =>
      [onSuccess, onFailure].some((named) => named !== undefined && isOrHas(named, deliveryId, target));
    const warned = new Map<string, Target>();
    for (const { functionUrn, destinations } of this.registry.list('policy', project)) {
      const { onFailure } = destinations;
      if (onFailure === undefined || deliveryIdOf(onFailure) === deliveryId || !isUsedBy(destinations)) continue;
      if (!this.registry.hasTarget(project, onFailure) || !this.mayUse(functionUrn, onFailure)) continue;
      warned.set(deliveryIdOf(onFailure), onFailure);
      if (warned.size === warnedMax) break;
    }
    return [...warned.values()];
  }

  /** True if the agency of a function grants the target. */
  private mayUse(functionUrn: string, target: Target): boolean {
    const urn = parseFunctionUrn(functionUrn, noDefaults);
    const fn = urn === undefined ? undefined : this.registry.versionByUrn(urn);
    return fn?.agency !== undefined && isGranted(this.registry.agency(fn.project, fn.agency), target);
  }

  /** A target that was deleted is not created again by a delivery: the delivery is refused. */
  private isThere(event: DeliveryEvent, target: Target): boolean {
    return this.registry.hasTarget(eventProject(event), target);
  }

  /**
   * A function that was deleted since had its grants when it was invoked, so its outcome is still
   * delivered. The grants of another function under its name do not count.
   */
  private missingGrant({ invocation }: Settlement, target: Target): string | undefined {
    const urn = parseFunctionUrn(invocation.functionUrn, noDefaults);
    const fn = urn === undefined ? undefined : this.registry.versionByUrn(urn);
    if (fn === undefined || (invocation.functionId ?? boundIdOf(fn)) !== boundIdOf(fn)) return undefined;
    const agency = fn.agency === undefined ? undefined : this.registry.agency(fn.project, fn.agency);
    return isGranted(agency, target)
      ? undefined
      : `agency ${fn.agency ?? '(none)'} does not grant ${target.type} ${resourceOf(target)} any more`;
  }
}

/** The protocols that a message is for: those that its publisher named, or all. */
function protocolsOf({ attributes }: Publication): (protocol: string) => boolean {
  const named = attributes.find(({ type }) => type === 'PROTOCOL');
  return named === undefined ? () => true : (protocol) => named.value.includes(protocol);
}
