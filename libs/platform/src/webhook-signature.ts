import { hmacSha256 } from './hmac.ts';

/** The parts of a message that its signature covers. */
export interface SignedMessage {
  /** The same for each try of a message, so that a receiver can drop copies. */
  readonly id: string;
  /** The time of the try, in whole seconds since 1970. */
  readonly atSeconds: number;
  readonly body: string | Buffer;
}

/**
 * Makes the key of a secret.
 * @param secret `whsec_` and the key in Base64.
 */
export function webhookKey(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/**
 * Makes the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of a message.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookSignature({ id, atSeconds, body }: SignedMessage, key: Buffer): Record<string, string> {
  const signed = Buffer.concat([Buffer.from(`${id}.${atSeconds}.`), Buffer.from(body)]);
  const signature = hmacSha256(key, signed).toString('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(atSeconds), 'webhook-signature': `v1,${signature}` };
}
