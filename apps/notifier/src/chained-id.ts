import { createHash } from 'node:crypto';

/** The request id of an invocation that a notification starts: the same for the same parent and target, so that a repeat is one invocation. @see RFC 9562, UUIDv8 */
export function chainedRequestId(parentRequestId: string, target: string): string {
  const hex = createHash('sha256').update(`${parentRequestId} ${target}`).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
