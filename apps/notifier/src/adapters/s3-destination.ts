import type { Client, LifecycleConfig, LifecycleRule } from 'minio';
import type { EpochMs, Target } from '#contracts';
import type { Delivery } from '#lifecycle';
import { s3Client, type S3Options } from '#objects';
import type { Clock } from '#platform';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { objectKey } from '../object-key.ts';

type ObsTarget = Extract<Target, { type: 'OBS' }>;

/** Answers that will be the same next time. */
const finalCodes = new Set([
  'NoSuchBucket',
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidBucketName',
  'KeyTooLongError',
  'AllAccessDisabled',
]);

/** How long a rule that was seen in a bucket is taken to be there still. */
const ruleSeenForMs = 600_000;
const tagKey = 'sendoff-expires-days';

/**
 * An S3 bucket, MinIO's or any other.
 *
 * An object that expires carries its days as a tag from the very request that puts it, and the bucket has a lifecycle rule for that tag
 * before the first of them: there is no instant at which an object is there and its expiry is not, and what a user keeps below the same
 * prefix is never touched. Setting a lifecycle replaces all rules of a bucket, so it is read, ours is added, and the whole is written:
 * rules of the user stay.
 */
export class S3Destination implements Destination<ObsTarget> {
  readonly type = 'OBS';
  private readonly client: Client;
  private readonly endpoint: string;
  /** When a bucket's rule for so many days was last seen there. */
  private readonly seenAt = new Map<string, EpochMs>();
  private settingRules: Promise<unknown> = Promise.resolve();

  constructor(
    options: S3Options,
    private readonly clock: Clock,
  ) {
    this.endpoint = new URL(options.endpoint).origin;
    this.client = s3Client(options);
  }

  async deliver(notification: Notification, { bucket, prefix, expiresDays }: ObsTarget, signal: AbortSignal): Promise<Delivery> {
    const key = objectKey(prefix, notification);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the try took too long')), { once: true });
    });
    try {
      await Promise.race([this.put(bucket, key, notification.texts.default, expiresDays), aborted]);
      return { kind: 'delivered', location: `${this.endpoint}/${bucket}/${key}` };
    } catch (error) {
      const kind = finalCodes.has((error as { code?: string }).code ?? '') ? 'refused' : 'deferred';
      return { kind, reason: reasonOf(error) };
    }
  }

  /** As `putObject` does it, which would turn a tag into metadata. */
  private async put(bucketName: string, objectName: string, message: string, expiresDays: number): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (expiresDays > 0) {
      await this.ensureRule(bucketName, expiresDays);
      headers['x-amz-tagging'] = `${tagKey}=${expiresDays}`;
    }
    await this.client.makeRequestAsyncOmit({ method: 'PUT', bucketName, objectName, headers }, Buffer.from(message));
  }

  /** One at a time: two that read, add and write at once would lose one of the rules. */
  private async ensureRule(bucket: string, expiresDays: number): Promise<void> {
    const name = `${bucket}/${expiresDays}`;
    const isInPlace = () => this.clock.now() - (this.seenAt.get(name) ?? 0) < ruleSeenForMs;
    if (isInPlace()) return;
    const setting = this.settingRules.then(async () => {
      if (isInPlace()) return;
      const rules = await this.rulesOf(bucket);
      const wanted = ruleFor(expiresDays);
      if (!rules.some(({ ID: id }) => id === wanted.ID))
        await this.client.setBucketLifecycle(bucket, { Rule: [...rules, wanted] } as unknown as LifecycleConfig);
      this.seenAt.set(name, this.clock.now());
    });
    this.settingRules = setting.catch(() => undefined);
    return setting;
  }

  private async rulesOf(bucket: string): Promise<readonly LifecycleRule[]> {
    try {
      const lifecycle = (await this.client.getBucketLifecycle(bucket)) as {
        readonly Rule?: LifecycleRule | LifecycleRule[];
      } | null;
      return [lifecycle?.Rule ?? []].flat();
    } catch (error) {
      if ((error as { code?: string }).code === 'NoSuchLifecycleConfiguration') return [];
      throw error;
    }
  }
}

function ruleFor(expiresDays: number): LifecycleRule {
  return {
    ID: `sendoff-expires-${expiresDays}d`,
    Status: 'Enabled',
    Filter: { Tag: { Key: tagKey, Value: String(expiresDays) } },
    Expiration: { Days: expiresDays },
  } as unknown as LifecycleRule;
}
