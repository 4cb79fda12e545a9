import { createHmac, timingSafeEqual } from 'node:crypto';

/** Longest distance between the time in a webhook's headers and now, in seconds. */
const toleranceSeconds = 300;

/**
 * What a receiver does with a webhook, written from the specification alone.
 * @returns why it would be refused; undefined where it is genuine.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function faultOfWebhook(
  secret: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string,
  nowMs: number,
): string | undefined {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name]);
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return 'a header is missing';
  if (!/^\d+$/.test(timestamp)) return 'the timestamp is no number of seconds';
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > toleranceSeconds) return 'the timestamp is too far from now';
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const isSigned = signatures.split(' ').some((signature) => {
    const [version, text = ''] = signature.split(',');
    const given = Buffer.from(text, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
  return isSigned ? undefined : 'no signature fits';
}
