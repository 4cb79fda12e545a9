import { createHmac } from 'node:crypto';

/** The parts of a message that its signature covers. */
export interface SignedMessage {
  /** The same for each try of a message, so that a receiver can drop copies. */
  readonly id: string;
  /** The time of the try, in whole seconds since 1970. */
  readonly atSeconds: number;
  readonly body: string | Buffer;
}

/**
 * Makes the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of a message.
 * @param secret `whsec_` and the key in Base64.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookSignature({ id, atSeconds, body }: SignedMessage, secret: string): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${atSeconds}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(atSeconds), 'webhook-signature': `v1,${signature}` };
}
