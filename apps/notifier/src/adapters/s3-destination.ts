import { Client, type LifecycleConfig, type LifecycleRule } from 'minio';
import type { Target } from '#contracts';
import type { Delivery } from '#lifecycle';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { objectKey } from '../object-key.ts';

type ObsTarget = Extract<Target, { type: 'OBS' }>;

/** Where an S3 is, and how to be let in. */
export interface S3Options {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

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

/** The part of a key below which objects of one expiry lie, and nothing else of ours. */
function expiringPrefix(prefix: string, expiresDays: number): string {
  return [...prefix.split('/').filter((part) => part !== ''), `expires-${expiresDays}d`].join('/');
}

/**
 * An S3 bucket, MinIO's or any other.
 *
 * An object that expires lies below `<prefix>/expires-<days>d/`, and the bucket has a lifecycle rule for exactly that prefix before the
 * first object is put there. A rule by tag would need the tag in the very request that puts the object, which the client cannot send;
 * a tag set afterwards leaves a window, and a rule for the bare prefix would also expire what a user keeps there.
 * Setting a lifecycle replaces all rules of a bucket, so it is read, ours is added, and the whole is written: rules of the user stay.
 */
export class S3Destination implements Destination<ObsTarget> {
  readonly type = 'OBS';
  private readonly client: Client;
  private readonly endpoint: string;
  /** Rules that were seen in place, by bucket and prefix. */
  private readonly inPlace = new Set<string>();
  private settingRules: Promise<unknown> = Promise.resolve();

  constructor({ endpoint, accessKey, secretKey, region }: S3Options) {
    const url = new URL(endpoint);
    this.endpoint = url.origin;
    this.client = new Client({
      endPoint: url.hostname,
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      useSSL: url.protocol === 'https:',
      accessKey,
      secretKey,
      region,
    });
  }

  async deliver(
    { settlement, message }: Notification,
    { bucket, prefix, expiresDays }: ObsTarget,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const below = expiresDays > 0 ? expiringPrefix(prefix, expiresDays) : prefix;
    const key = objectKey(below, settlement);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the try took too long')), { once: true });
    });
    try {
      await Promise.race([this.put(bucket, below, key, message, expiresDays), aborted]);
      return { kind: 'delivered', location: `${this.endpoint}/${bucket}/${key}` };
    } catch (error) {
      const kind = finalCodes.has((error as { code?: string }).code ?? '') ? 'refused' : 'deferred';
      return { kind, reason: reasonOf(error) };
    }
  }

  private async put(bucket: string, below: string, key: string, message: string, expiresDays: number): Promise<void> {
    if (expiresDays > 0) await this.ensureRule(bucket, below, expiresDays);
    await this.client.putObject(bucket, key, message, undefined, { 'Content-Type': 'application/json' });
  }

  /** One at a time: two that read, add and write at once would lose one of the rules. */
  private async ensureRule(bucket: string, prefix: string, expiresDays: number): Promise<void> {
    const name = `${bucket}/${prefix}`;
    if (this.inPlace.has(name)) return;
    const setting = this.settingRules.then(async () => {
      if (this.inPlace.has(name)) return;
      const rules = await this.rulesOf(bucket);
      const wanted = ruleFor(prefix, expiresDays);
      if (!rules.some(({ ID: id }) => id === wanted.ID))
        await this.client.setBucketLifecycle(bucket, { Rule: [...rules, wanted] } as unknown as LifecycleConfig);
      this.inPlace.add(name);
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

function ruleFor(prefix: string, expiresDays: number): LifecycleRule {
  const id = `sendoff-expires-${expiresDays}d-${Buffer.from(prefix).toString('base64url')}`.slice(0, 255);
  return {
    ID: id,
    Status: 'Enabled',
    Filter: { Prefix: `${prefix}/` },
    Expiration: { Days: expiresDays },
  } as unknown as LifecycleRule;
}
