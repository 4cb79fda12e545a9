import { isSameSecret } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { type Caller, wholeAccess } from './caller.ts';
import type { Credentialed } from './signature.ts';

/** The answer of an authenticator: it knows the caller, or refuses the credentials. */
export type Authenticated =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'unknown'; readonly error: ApiError };

/**
 * As {@link Authenticated}; or the signature has to be verified over the payload; or the request
 * has no credentials of this kind.
 */
export type Authentication =
  | Authenticated
  | {
      readonly kind: 'unverified';
      /** The access key that the request names. */
      readonly claim: string;
      /** The SHA-256 of the payload that the head states, hex; undefined if it states none. */
      readonly statedHash: string | undefined;
      /** Takes the SHA-256 of the payload, hex. */
      readonly verify: (payloadHash: string) => Authenticated;
    }
  | { readonly kind: 'absent' };

/**
 * One kind of credentials. The first authenticator whose kind of credentials is in the request
 * decides.
 */
export interface Authenticator {
  authenticate(request: Credentialed): Authentication;
}

/** Injection token of the {@link Authenticator}s, in the order in which they are asked. */
export const AUTHENTICATORS = Symbol('authenticators');

/** Knows callers by the token in `X-Auth-Token`. */
export class TokenAuthenticator implements Authenticator {
  private readonly caller: Caller;

  constructor(
    private readonly token: string,
    project: string,
  ) {
    this.caller = { project, ...wholeAccess };
  }

  authenticate({ headers }: Credentialed): Authentication {
    const given = headers['x-auth-token'];
    if (typeof given !== 'string' || given === '') return { kind: 'absent' };
    if (!isSameSecret(given, this.token)) return { kind: 'unknown', error: new ApiError('FSS.0401', 'invalid token') };
    return { kind: 'known', caller: this.caller };
  }
}

/** Asks the authenticators in order. */
export function authenticate(
  authenticators: readonly Authenticator[],
  request: Credentialed,
): Exclude<Authentication, { kind: 'absent' }> {
  for (const authenticator of authenticators) {
    const answer = authenticator.authenticate(request);
    if (answer.kind !== 'absent') return answer;
  }
  return { kind: 'unknown', error: new ApiError('FSS.0401', 'no credentials: send X-Auth-Token, or sign the request') };
}
