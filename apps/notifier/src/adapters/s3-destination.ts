import type { IncomingMessage } from 'node:http';
import type { Client } from 'minio';
import type { Target } from '#contracts';
import type { TryResult } from '#lifecycle';
import { md5Of, putInOneRequest, putStatuses, s3Client, type S3Options } from '#objects';
import type { Clock } from '#platform';
import { type Destination, type Notification, reasonOf, unexplained } from '../destination.ts';
import { objectKey } from '../object-key.ts';
import { deferredOnAbort } from './deferred-on-abort.ts';

type ObsTarget = Target<'OBS'>;

interface ExpiringObject extends Pick<ObsTarget, 'bucket' | 'expiresDays'> {
  readonly key: string;
}

/**
 * Error codes of stores, and names of errors of the client, for names that no store takes. All
 * others may pass: somebody makes the bucket, or repairs its rights or the credentials.
 */
const finalErrors = new Set([
  'InvalidBucketName',
  'KeyTooLongError',
  'XMinioInvalidObjectName',
  'InvalidBucketNameError',
  'InvalidObjectNameError',
]);

/**
 * Error codes of a store that is busy or broken, does not know the client, or lacks the bucket. The
 * object would not be written either.
 */
const troubleCodes = new Set([
  'ExpiredToken',
  'InternalError',
  'InvalidAccessKeyId',
  'InvalidToken',
  'NoSuchBucket',
  'NotFound',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'ServiceUnavailable',
  'SignatureDoesNotMatch',
  'SlowDown',
  'TooManyRequests',
  // No code at all.
  'UnknownError',
  'XMinioServerNotInitialized',
]);

/** How long the adapter relies on what it found about a rule of a bucket. */
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
 * that tag before. No object therefore lacks its expiry, and no object of the user is removed. If
 * the store refuses the tag, the object is put without it, and the result says so.
 * Setting a lifecycle replaces all rules of a bucket. So the adapter reads all rules, adds its own
 * and writes all of them.
 */
export class S3Destination implements Destination<'OBS'> {
  private readonly client: Client;
  private readonly endpoint: string;
  /** When each rule was last looked for, by bucket and days, and why it is missing. */
  private readonly seen = new Map<string, { readonly at: number; readonly missing: string | undefined }>();
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
        const note = await this.put({ bucket, key, expiresDays }, notification.texts.default, signal);
        const location = `${this.endpoint}/${bucket}/${key}`;
        return { kind: 'delivered', location, ...(note === undefined ? {} : { note }) };
      } catch (error) {
        const { code, name = '' } = error as { readonly code?: string; readonly name?: string };
        const kind = finalErrors.has(code ?? name) ? 'refused' : 'deferred';
        return { kind, reason: reasonOf(error) };
      }
    });
  }

  /** @returns why the object does not expire, if it should and does not. */
  private async put(
    { bucket, key, expiresDays }: ExpiringObject,
    message: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const headers = { 'content-type': 'application/json' };
    const bytes = Buffer.from(message);
    if (expiresDays === 0) {
      await putInOneRequest(this.client, { bucket, key, headers }, bytes);
      return undefined;
    }
    const note = await this.ensureRule(bucket, expiresDays, signal);
    try {
      // The tag is set in any case, so that the operator can add the rule later.
      const tagged = { ...headers, 'x-amz-tagging': `${tagKey}=${expiresDays}` };
      await putInOneRequest(this.client, { bucket, key, headers: tagged }, bytes);
      return note;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      signal.throwIfAborted();
      await putInOneRequest(this.client, { bucket, key, headers }, bytes);
      return `the object is stored but does not expire, because the store refused its tag ${tagKey}: ${reasonOf(error)}`;
    }
  }

  /**
   * Makes sure that the bucket has the lifecycle rule. Rules are set one at a time, because two
   * concurrent updates would lose one rule. A store that does not answer blocks the others only
   * until `signal` aborts.
   * @returns why the bucket cannot have the rule. Undefined if it has the rule.
   */
  private async ensureRule(bucket: string, expiresDays: number, signal: AbortSignal): Promise<string | undefined> {
    const name = `${bucket}/${expiresDays}`;
    const known = () => {
      const seen = this.seen.get(name);
      return seen !== undefined && this.clock.elapsedMs() - seen.at < ruleSeenForMs ? seen : undefined;
    };
    const seen = known();
    if (seen !== undefined) return seen.missing;
    const setting = this.settingRules.then(async () => {
      const set = known();
      if (set !== undefined) return set.missing;
      const missing = await unlessAborted(signal, async () => this.addRule(bucket, expiresDays));
      this.seen.set(name, { at: this.clock.elapsedMs(), missing });
      return missing;
    });
    this.settingRules = setting.catch(() => undefined);
    return setting;
  }

  /** @returns why the bucket cannot have the rule. Undefined if it has the rule. */
  private async addRule(bucketName: string, expiresDays: number): Promise<string | undefined> {
    const wanted = ruleFor(expiresDays);
    const missing = (why: string) =>
      `the object is stored but does not expire, because the bucket lacks the lifecycle rule ${wanted.id}: ${why}`;
    try {
      const { rules, headers } = await this.lifecycleOf(bucketName);
      if (rules === undefined) return missing('its lifecycle has a form that Sendoff cannot keep unchanged');
      const present = ruleWith(rules, wanted.id);
      if (present !== undefined) return isEnabled(present) ? undefined : missing('the rule is there, but it is disabled');
      const body = Buffer.from(`<LifecycleConfiguration>${rules.join('')}${wanted.xml}</LifecycleConfiguration>`);
      const md5 = md5Of(body);
      const request = { method: 'PUT', bucketName, query: 'lifecycle', headers: { ...headers, 'content-md5': md5 } } as const;
      await this.client.makeRequestAsyncOmit(request, body, [...putStatuses]);
      const { rules: after = [] } = await this.lifecycleOf(bucketName);
      if (ruleWith(after, wanted.id) === undefined) return missing('the store did not keep it');
      return undefined;
    } catch (error) {
      if (isRefusal(error)) return missing(reasonOf(error));
      throw ruleError(error);
    }
  }

  /**
   * Reads the rules as text and does not parse them. A parser that reads the prefix `007` as a
   * number would write back a rule for other objects.
   */
  private async lifecycleOf(
    bucketName: string,
  ): Promise<{ rules: readonly string[] | undefined; headers: Record<string, string> }> {
    try {
      const answer = await this.client.makeRequestAsync({ method: 'GET', bucketName, query: 'lifecycle' });
      const text = await textOf(answer);
      const rules = rulesIn(text);
      const sizes = answer.headers[minimumSizes];
      return { rules, headers: typeof sizes === 'string' ? { [minimumSizes]: sizes } : {} };
    } catch (error) {
      if ((error as { code?: string }).code === 'NoSuchLifecycleConfiguration') return { rules: [], headers: {} };
      throw error;
    }
  }
}

/**
 * Returns the rules of a lifecycle, byte for byte. Undefined if the text has rules in another form:
 * writing the found ones back would remove the others.
 */
function rulesIn(xml: string): readonly string[] | undefined {
  const [, ...parts] = xml.split('<Rule>');
  const rules = parts.flatMap((part) => {
    const end = part.indexOf('</Rule>');
    return end === -1 ? [] : [`<Rule>${part.slice(0, end)}</Rule>`];
  });
  const tags = xml.match(/<\/?(?:[\w.-]+:)?Rule[\s/>]/g) ?? [];
  return tags.length === 2 * rules.length ? rules : undefined;
}

function ruleWith(rules: readonly string[], id: string): string | undefined {
  return rules.find((rule) => rule.includes(`<ID>${id}</ID>`));
}

function isEnabled(rule: string): boolean {
  return /<Status>\s*Enabled\s*<\/Status>/.test(rule);
}

/**
 * True if the store refuses this request. It may have no lifecycle, no filter by tag or no tags, or
 * forbid them to this client. Stores say so with many codes.
 */
function isRefusal(error: unknown): boolean {
  const { code = '', name } = error as { readonly code?: string; readonly name?: string };
  return name === 'S3Error' && !troubleCodes.has(code);
}

/** An error of the lifecycle. It says that the object was not written, and keeps its code. */
function ruleError(error: unknown): Error {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const reason = (message ?? String(error)) || unexplained;
  const told = new Error(`the lifecycle of the bucket failed, so the object was not written: ${reason}`);
  return Object.assign(told, code === undefined ? {} : { code });
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
