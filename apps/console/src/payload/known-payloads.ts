/** Payloads that the tab remembers. The oldest goes first. */
const payloadsMax = 200;

const payloads = new Map<string, string>();

/** Remembers the payload of a call until the tab closes. */
export function rememberPayload(requestId: string, payload: string): void {
  payloads.set(requestId, payload);
  const [oldest] = payloads.keys();
  if (payloads.size > payloadsMax && oldest !== undefined) payloads.delete(oldest);
}

/** Returns the payload of a call of this tab; undefined for any other invocation. */
export function knownPayload(requestId: string): string | undefined {
  return payloads.get(requestId);
}
