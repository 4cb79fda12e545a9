import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../http/api-error.ts';

/** The headers by which an asynchronous invocation is steered, by lower-case name. */
export const asyncHeaders = ['x-sendoff-delay-seconds', 'x-sendoff-payload-ref', 'x-sendoff-tags', 'idempotency-key'] as const;
/** The only one that a synchronous invocation heeds: it neither waits nor leaves a record. */
export const syncHeaders = ['x-sendoff-payload-ref'] as const;

/**
 * Refuses headers of Sendoff that an operation does not heed. A caller who sends one means
 * something by it, and would not learn that it had no effect.
 * @throws ApiError FSS.0400.
 */
export function refuseUnheeded(headers: IncomingHttpHeaders, heeded: typeof asyncHeaders | typeof syncHeaders): void {
  const isHeeded = (name: string) => (heeded as readonly string[]).includes(name);
  const isOurs = (name: string) => name.startsWith('x-sendoff-') || name === 'idempotency-key';
  const unheeded = Object.keys(headers).find((name) => isOurs(name) && !isHeeded(name));
  if (unheeded === undefined) return;
  const isAsync = (asyncHeaders as readonly string[]).includes(unheeded);
  const advice = isAsync ? 'only invocations-async takes it' : `this operation takes ${heeded.join(', ')}`;
  throw new ApiError('FSS.0400', `${unheeded.slice(0, 64)} has no effect on this operation: leave it out; ${advice}`);
}
