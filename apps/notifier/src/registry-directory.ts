import { type DeliveryTarget, type Occasion, parseFunctionUrn, type Publication, type Settlement, type Target } from '#contracts';
import { isGranted, resourceOf } from '#lifecycle';
import type { Registry } from '#registry';
import type { TargetDirectory } from './deliveries.ts';

const nowhere = { region: '', project: '' };
/** How long the own copy may take to hear of what was just made. */
const catchUpMs = 5_000;

/** Grants, topics and subscriptions, from the registry as it is now. */
export class RegistryDirectory implements TargetDirectory {
  constructor(private readonly registry: Registry) {}

  async refusal(occasion: Occasion, target: Target): Promise<string | undefined> {
    // Who publishes right after subscribing is owed that the subscription is told: the message may be faster than the registry.
    const isKnown = target.type !== 'SMN' || this.registry.topic(target.topicUrn) !== undefined;
    if (occasion.kind === 'published' || !isKnown) await this.registry.caughtUp(catchUpMs);
    if (target.type === 'SMN' && this.registry.topic(target.topicUrn) === undefined)
      return `topic ${target.topicUrn} does not exist any more`;
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
