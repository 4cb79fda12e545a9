const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * Returns when the ingress accepted an invocation, in milliseconds since 1970. Its request id
 * begins with that time. Undefined for a text that is no such id.
 */
export function acceptedAtOf(requestId: string): number | undefined {
  return idPattern.test(requestId) ? Number.parseInt(requestId.replace('-', '').slice(0, 12), 16) : undefined;
}
