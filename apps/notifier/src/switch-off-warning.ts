import { createHash } from 'node:crypto';
import { epochMs, type Publication, type SwitchOff, targetKey, type TargetName, utcInstant } from '#contracts';

/** How long a warning is tried, in milliseconds. */
const warningTtlMs = 86_400_000;

/**
 * The message that a target is switched off. Its source is the target. Notifiers that switch it off
 * at the same time write one message id, so a receiver can drop the copy.
 */
export function switchOffWarning(target: TargetName, { at, failingSince, reason }: SwitchOff): Publication {
  const text = {
    warning: 'target-switched-off',
    target: target.deliveryId,
    switched_off_time: utcInstant(at),
    failing_since: utcInstant(failingSince),
    reason,
    next: 'Repair the target, and switch it on with POST sendoff/targets/{target}/enable or `sendoff targets enable`.',
  };
  return {
    messageId: createHash('sha256')
      .update(`${targetKey(target)} ${failingSince}`)
      .digest('hex')
      .slice(0, 32),
    project: target.project,
    topicUrn: target.deliveryId,
    publishedAt: at,
    expiresAt: epochMs(at + warningTtlMs),
    subject: 'A target is switched off',
    attributes: [],
    texts: { default: JSON.stringify(text) },
  };
}
