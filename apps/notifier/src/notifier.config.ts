import { IsIn, IsInt, Max, Min } from 'class-validator';
import { defaultDeliveryPolicy } from '#lifecycle';
import { limits } from '#contracts';
import { ObjectStoreSettings } from '#objects';
import {
  PlatformKeySettings,
  PublicKeySettings,
  RegionSettings,
  ServiceConfig,
  Setting,
  SubscriptionKeySettings,
  WebhookSettings,
  withSettings,
} from '#platform';

const dayMs = 86_400_000;

/** Settings of the notifier. */
export class NotifierConfig extends withSettings(
  ServiceConfig,
  RegionSettings,
  PlatformKeySettings,
  PublicKeySettings,
  SubscriptionKeySettings,
  ObjectStoreSettings,
  WebhookSettings,
) {
  @Setting({ env: 'NOTIFIER_TRIES_MAX', description: 'Tries of one delivery, after which it ends as undelivered.' })
  @IsInt()
  @Min(1)
  @Max(limits.deliveryTriesMax)
  triesMax: number = defaultDeliveryPolicy.triesMax;

  @Setting({
    env: 'NOTIFIER_WAIT_BASE_MS',
    description: 'Wait after the first failed try, in milliseconds. It doubles with each further try.',
  })
  @IsInt()
  @Min(10)
  @Max(3_600_000)
  waitBaseMs: number = defaultDeliveryPolicy.backoff.baseMs;

  @Setting({ env: 'NOTIFIER_WAIT_MAX_MS', description: 'Longest wait between two tries, in milliseconds.' })
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  waitMaxMs: number = defaultDeliveryPolicy.backoff.maxMs;

  @Setting({ env: 'NOTIFIER_TRY_TIMEOUT_MS', description: 'Longest try of a delivery, in milliseconds.' })
  @IsInt()
  @Min(100)
  @Max(60_000)
  tryTimeoutMs: number = 15_000;

  @Setting({ env: 'NOTIFIER_WEBHOOK_TIMEOUT_MS', description: 'Longest wait for the answer of a webhook, in milliseconds.' })
  @IsInt()
  @Min(100)
  @Max(60_000)
  webhookTimeoutMs: number = 5_000;

  @Setting({ env: 'NOTIFIER_TARGET_TRIES_MAX', description: 'Tries at one target that run at once.' })
  @IsInt()
  @Min(1)
  @Max(1_000)
  targetTriesMax: number = 32;

  @Setting({
    env: 'NOTIFIER_TARGET_QUEUE_MAX',
    description:
      'Deliveries of one webhook or bucket that may wait in memory. More may if they can be made within 20 s, or if the bucket is a folder. Others wait in a delay topic.',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  targetQueueMax: number = 1_000;

  @Setting({
    env: 'NOTIFIER_BREAKER_FAILURES',
    description: 'Failures of a target in a row after which its circuit breaker opens.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  breakerFailuresMax: number = 10;

  @Setting({
    env: 'NOTIFIER_BREAKER_OPEN_MS',
    description: 'Time for which the circuit breaker of a target stays open, in milliseconds.',
  })
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  breakerOpenMs: number = 10_000;

  @Setting({
    env: 'NOTIFIER_SWITCH_OFF_MS',
    description:
      'Time without a success after which a failing target is switched off, in milliseconds. It also needs as many failures as open the circuit breaker. 0: never.',
  })
  @IsInt()
  @Min(0)
  @Max(30 * dayMs)
  switchOffMs: number = 3 * dayMs;

  @Setting({
    env: 'NOTIFIER_GONE_SWITCH_OFF_MS',
    description:
      'Time in which a webhook answered nothing but 410 (Gone) after which it is switched off, in milliseconds. It needs as many failures, too. 0: never.',
  })
  @IsInt()
  @Min(0)
  @Max(30 * dayMs)
  goneSwitchOffMs: number = 3_600_000;

  @Setting({
    env: 'NOTIFICATION_TIMESTAMP',
    description: 'Form of the timestamp in messages: `rfc3339`, or `documented` for the literal form of the manual.',
  })
  @IsIn(['rfc3339', 'documented'])
  timestampForm: 'rfc3339' | 'documented' = 'rfc3339';

  faults(): string[] {
    const isOrdered = this.waitMaxMs >= this.waitBaseMs;
    return isOrdered ? [] : ['NOTIFIER_WAIT_MAX_MS: must be at least NOTIFIER_WAIT_BASE_MS'];
  }
}
