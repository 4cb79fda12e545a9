import {
  type DeliveryTarget,
  destinationKinds,
  type Occasion,
  occasionProject,
  parseFunctionUrn,
  type Publication,
  resourceOf,
  type Settlement,
  type Target,
} from '#contracts';
import { isGranted } from '#lifecycle';
import type { Registry } from '#registry';
import type { TargetDirectory } from './deliveries.ts';
import { registryPatienceMs } from './registry-patience.ts';

const nowhere = { region: '', project: '' };

/** Targets, grants and subscriptions, from the registry as it is now. */
export class RegistryDirectory implements TargetDirectory {
  constructor(private readonly registry: Registry) {}

  async refusal(occasion: Occasion, target: Target): Promise<string | undefined> {
    // Who publishes right after subscribing is owed that the subscription is told: the message may be faster than the registry.
    if (occasion.kind === 'published' || !this.isThere(occasion, target)) await this.registry.caughtUp(registryPatienceMs);
    if (!this.isThere(occasion, target))
      return `${destinationKinds[target.type].word} ${resourceOf(target)} does not exist any more`;
    return occasion.kind === 'settled' ? this.missingGrant(occasion.settlement, target) : undefined;
  }

  followers(occasion: Occasion, target: DeliveryTarget): readonly DeliveryTarget[] {
    if (target.type !== 'SMN') return [];
    const { topicUrn } = target;
    const isMeant = occasion.kind === 'published' ? protocolsOf(occasion.publication) : () => true;
    const subscriptions = this.registry.topic(topicUrn)?.subscriptions ?? [];
    return subscriptions
      .filter(({ status, protocol }) => status === 1 && isMeant(protocol))
      .map(({ urn }) => ({ type: 'Subscription', topicUrn, subscriptionUrn: urn }));
  }

  /** What is not there is not made again by telling it: whoever removed it meant that. */
  private isThere(occasion: Occasion, target: Target): boolean {
    return this.registry.hasTarget(occasionProject(occasion), target);
  }

  /** A function that was deleted meanwhile had its grants when it was invoked, and its outcome is still owed. */
  private missingGrant({ invocation }: Settlement, target: Target): string | undefined {
    const urn = parseFunctionUrn(invocation.functionUrn, nowhere);
    const fn = urn === undefined ? undefined : this.registry.versionByUrn(urn);
    if (fn === undefined) return undefined;
    const agency = fn.agency === undefined ? undefined : this.registry.agency(fn.project, fn.agency);
    return isGranted(agency, target)
      ? undefined
      : `agency ${fn.agency ?? '(none)'} does not grant ${target.type} ${resourceOf(target)} any more`;
  }
}

/** Tells which protocols a message is for: those its publisher named, else all. */
function protocolsOf({ attributes }: Publication): (protocol: string) => boolean {
  const named = attributes.find(({ type }) => type === 'PROTOCOL');
  return named === undefined ? () => true : (protocol) => named.value.includes(protocol);
}
