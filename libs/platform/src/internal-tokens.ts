/**
 * Tokens by which a service tells another one who calls: `<claims>.<signature>`, both in base64url.
 * The claims are the callee and the expiry time. The ingress signs them; a callee holds the public
 * key only, so it cannot make tokens, not even for itself.
 * @see docs/adr/0018-internal-tokens.md
 */
import { LRUCache } from 'lru-cache';
import type { Service } from '#contracts';
import type { Clock } from './basics/clock.ts';
import type { Signer, Verifier } from './signing.ts';

/** The header that carries an internal token. */
export const internalTokenHeader = 'x-sendoff-internal';

/** A service that others call over HTTP. */
export type Callee = Extract<Service, 'executor' | 'status-logger'>;

/** How long a token is valid; a caller makes another one at half of it. */
const validMs = 60_000;
/** How far the clocks of two machines may differ. */
const clockSkewMs = 30_000;
const tokenLengthMax = 512;
/** Valid tokens that a callee remembers, so that it verifies each signature once. */
const rememberedMax = 64;

interface Claims {
  readonly to: Callee;
  readonly expiresAt: number;
}

/** Makes the tokens of one caller. */
export class InternalTokens {
  private readonly current = new Map<Callee, { readonly token: string; readonly renewAt: number }>();

  constructor(
    private readonly signer: Signer,
    private readonly clock: Pick<Clock, 'now' | 'elapsedMs'>,
  ) {}

  /** A token for calls to a service, valid for 30 s at least. */
  tokenFor(callee: Callee): string {
    const elapsedMs = this.clock.elapsedMs();
    const current = this.current.get(callee);
    if (current !== undefined && elapsedMs < current.renewAt) return current.token;
    const now = this.clock.now();
    const claims = Buffer.from(JSON.stringify({ to: callee, expiresAt: now + validMs } satisfies Claims));
    const signature = this.signer.sign('internal token', claims);
    const token = `${claims.toString('base64url')}.${signature.toString('base64url')}`;
    this.current.set(callee, { token, renewAt: elapsedMs + validMs / 2 });
    return token;
  }
}

/** Checks the tokens of callers of one service. */
export class InternalTokenCheck {
  /** The expiry time of each valid token that was shown lately. */
  private readonly remembered = new LRUCache<string, number>({ max: rememberedMax });

  constructor(
    private readonly callee: Callee,
    private readonly verifier: Verifier,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /**
   * @param token the header as it came.
   * @returns true if the ingress has signed the token for this service and it has not expired.
   */
  isValid(token: unknown): boolean {
    if (typeof token !== 'string' || token.length > tokenLengthMax) return false;
    const expiresAt = this.remembered.get(token) ?? this.verifiedExpiry(token);
    return expiresAt !== undefined && this.clock.now() < expiresAt + clockSkewMs;
  }

  private verifiedExpiry(token: string): number | undefined {
    const [claims = '', signature = ''] = token.split('.');
    const bytes = Buffer.from(claims, 'base64url');
    if (!this.verifier.isValid('internal token', bytes, Buffer.from(signature, 'base64url'))) return undefined;
    const { to, expiresAt } = JSON.parse(bytes.toString()) as Claims;
    if (to !== this.callee) return undefined;
    this.remembered.set(token, expiresAt);
    return expiresAt;
  }
}
