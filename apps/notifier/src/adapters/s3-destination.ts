import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Client } from 'minio';
import type { EpochMs, Target } from '#contracts';
import type { TryResult } from '#lifecycle';
import { s3Client, type S3Options } from '#objects';
import type { Clock } from '#platform';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { objectKey } from '../object-key.ts';
import { deferredOnAbort } from './deferred-on-abort.ts';

type ObsTarget = Target<'OBS'>;

interface ExpiringObject extends Pick<ObsTarget, 'bucket' | 'expiresDays'> {
  readonly key: string;
}

/** Error codes that another try would get again. */
const finalCodes = new Set([
  'NoSuchBucket',
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidBucketName',
  'KeyTooLongError',
  'XMinioInvalidObjectName',
  'AllAccessDisabled',
]);

/** How long a rule that was seen in a bucket is assumed to be there. */
const ruleSeenForMs = 600_000;
const tagKey = 'sendoff-expires-days';
/** Largest lifecycle that is read: 1,000 rules of 1 KB. */
const lifecycleBytesMax = 1_048_576;
/**
 * Amazon S3 keeps this setting of a lifecycle in a header, and resets it if the header is missing.
 */
const minimumSizes = 'x-amz-transition-default-minimum-object-size';

/**
 * Delivers to a bucket of S3, MinIO or another store of that protocol.
 *
 * The request that puts an object tags it with its days, and the bucket has a lifecycle rule for
 * that tag before. No object therefore lacks its expiry, and no object of the user is removed.
 * Setting a lifecycle replaces all rules of a bucket. So the adapter reads all rules, adds its own
 * and writes all of them.
 */
export class S3Destination implements Destination<'OBS'> {
  private readonly client: Client;
  private readonly endpoint: string;
  /** When each rule was last seen, by bucket and days. */
  private readonly seenAt = new Map<string, EpochMs>();
  private settingRules: Promise<unknown> = Promise.resolve();

  constructor(
    options: S3Options,
    private readonly clock: Clock,
  ) {
    this.endpoint = new URL(options.endpoint).origin;
    this.client = s3Client(options);
  }

  async deliver(notification: Notification, { bucket, prefix, expiresDays }: ObsTarget, signal: AbortSignal): Promise<TryResult> {
    const key = objectKey(prefix, notification);
    return deferredOnAbort(signal, async () => {
      try {
        await this.put({ bucket, key, expiresDays }, notification.texts.default, signal);
        return { kind: 'delivered', location: `${this.endpoint}/${bucket}/${key}` };
      } catch (error) {
        const kind = finalCodes.has((error as { code?: string }).code ?? '') ? 'refused' : 'deferred';
        return { kind, reason: reasonOf(error) };
      }
    });
  }

  /**
   * Puts the object as `putObject` of the client does. That function would turn the tag into
   * metadata.
   */
  private async put({ bucket, key, expiresDays }: ExpiringObject, message: string, signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (expiresDays > 0) {
      await this.ensureRule(bucket, expiresDays, signal);
      headers['x-amz-tagging'] = `${tagKey}=${expiresDays}`;
    }
    await this.client.makeRequestAsyncOmit({ method: 'PUT', bucketName: bucket, objectName: key, headers }, Buffer.from(message));
  }

  /**
   * Makes sure that the bucket has the lifecycle rule. Rules are set one at a time, because two
   * concurrent updates would lose one rule. A store that does not answer blocks the others only
   * until `signal` aborts.
   */
  private async ensureRule(bucket: string, expiresDays: number, signal: AbortSignal): Promise<void> {
    const name = `${bucket}/${expiresDays}`;
    const isInPlace = () => this.clock.now() - (this.seenAt.get(name) ?? 0) < ruleSeenForMs;
    if (isInPlace()) return;
    const setting = this.settingRules.then(async () => {
      if (isInPlace()) return;
      await unlessAborted(signal, async () => this.addRule(bucket, expiresDays));
      this.seenAt.set(name, this.clock.now());
    });
    this.settingRules = setting.catch(() => undefined);
    return setting;
  }

  private async addRule(bucketName: string, expiresDays: number): Promise<void> {
    const { rules, headers } = await this.lifecycleOf(bucketName);
    const wanted = ruleFor(expiresDays);
    if (rules.some((rule) => rule.includes(`<ID>${wanted.id}</ID>`))) return;
    const body = Buffer.from(`<LifecycleConfiguration>${rules.join('')}${wanted.xml}</LifecycleConfiguration>`);
    const md5 = createHash('md5').update(body).digest('base64');
    const request = { method: 'PUT', bucketName, query: 'lifecycle', headers: { ...headers, 'content-md5': md5 } } as const;
    await this.client.makeRequestAsyncOmit(request, body);
  }

  /**
   * Reads the rules as text and does not parse them. A parser that reads the prefix `007` as a
   * number would write back a rule for other objects.
   */
  private async lifecycleOf(bucketName: string): Promise<{ rules: readonly string[]; headers: Record<string, string> }> {
    try {
      const answer = await this.client.makeRequestAsync({ method: 'GET', bucketName, query: 'lifecycle' });
      const text = await textOf(answer);
      const rules = rulesIn(text);
      if (rules.length === 0 && /Rule/.test(text))
        throw new Error('the lifecycle of the bucket cannot be read, and is left as it is');
      const sizes = answer.headers[minimumSizes];
      return { rules, headers: typeof sizes === 'string' ? { [minimumSizes]: sizes } : {} };
    } catch (error) {
      if ((error as { code?: string }).code === 'NoSuchLifecycleConfiguration') return { rules: [], headers: {} };
      throw error;
    }
  }
}

/** Returns the rules of a lifecycle, byte for byte. */
function rulesIn(xml: string): readonly string[] {
  const [, ...parts] = xml.split('<Rule>');
  return parts.flatMap((part) => {
    const end = part.indexOf('</Rule>');
    return end === -1 ? [] : [`<Rule>${part.slice(0, end)}</Rule>`];
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > lifecycleBytesMax) throw new Error(`the lifecycle of the bucket has more than ${lifecycleBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Runs an action. Rejects when the signal aborts, although the action itself cannot be stopped. */
async function unlessAborted<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  const late = new Error('the try took too long');
  if (signal.aborted) throw late;
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(late), { once: true });
  });
  return Promise.race([action(), aborted]);
}

function ruleFor(expiresDays: number): { readonly id: string; readonly xml: string } {
  const id = `sendoff-expires-${expiresDays}d`;
  const filter = `<Filter><Tag><Key>${tagKey}</Key><Value>${expiresDays}</Value></Tag></Filter>`;
  const expiration = `<Expiration><Days>${expiresDays}</Days></Expiration>`;
  return { id, xml: `<Rule><ID>${id}</ID>${filter}<Status>Enabled</Status>${expiration}</Rule>` };
}
