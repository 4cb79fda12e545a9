import type { IncomingHttpHeaders } from 'node:http';
import { isSameSecret } from '#platform';

/** A request as far as authentication looks at it. */
export interface Credentialed {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Who calls. */
export interface Caller {
  readonly project: string;
}

/** Whether an authenticator knows the caller: it does; it does not; or the request carries nothing of its kind. */
export type Authentication =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'absent' };

/** One way to say who calls. Ways are asked in turn; the first whose credentials are in the request decides. */
export interface Authenticator {
  authenticate(request: Credentialed): Authentication;
}

/** Knows callers by `X-Auth-Token`. */
export class TokenAuthenticator implements Authenticator {
  constructor(
    private readonly token: string,
    private readonly project: string,
  ) {}

  authenticate({ headers }: Credentialed): Authentication {
    const given = headers['x-auth-token'];
    if (typeof given !== 'string' || given === '') return { kind: 'absent' };
    if (!isSameSecret(given, this.token)) return { kind: 'unknown', reason: 'invalid token' };
    return { kind: 'known', caller: { project: this.project } };
  }
}

/** Asks each authenticator in turn. */
export function authenticate(
  authenticators: readonly Authenticator[],
  request: Credentialed,
): Exclude<Authentication, { kind: 'absent' }> {
  for (const authenticator of authenticators) {
    const answer = authenticator.authenticate(request);
    if (answer.kind !== 'absent') return answer;
  }
  return { kind: 'unknown', reason: 'no credentials: send X-Auth-Token' };
}
