import type { EpochMs, IdempotencyEvent } from '#contracts';

/** How long a key identifies its invocation, in milliseconds. */
export const idempotencyKeptMs = 86_400_000;

/** The claim on a key, as far as its records have been read. */
export interface IdempotencyClaim {
  readonly requestId: string;
  readonly payloadDigest: string;
  /** The attempt to accept that will write the invocation. */
  readonly claimant: string;
  /** When the key was first claimed. */
  readonly firstAt: EpochMs;
  /** When the claimant claimed it. */
  readonly claimedAt: EpochMs;
  readonly isAccepted: boolean;
}

/**
 * Folds one record into the claim on a key. Every ingress reads the records of a key in the same
 * order, so all agree on the claim. The first claim holds until the key expires. Before the
 * invocation is accepted, another claimant may take the place of the first.
 */
export function foldClaim(claim: IdempotencyClaim | undefined, event: IdempotencyEvent): IdempotencyClaim | undefined {
  const held = claim !== undefined && !isOver(claim, event.at) ? claim : undefined;
  switch (event.kind) {
    case 'accepted':
      return held?.requestId === event.requestId ? { ...held, isAccepted: true } : claim;
    case 'claimed': {
      const { requestId, payloadDigest, claimant, at } = event;
      if (held === undefined) return { requestId, payloadDigest, claimant, firstAt: at, claimedAt: at, isAccepted: false };
      if (!held.isAccepted && held.claimant === event.inPlaceOf) return { ...held, claimant, claimedAt: at };
      return held;
    }
    default:
      return event satisfies never;
  }
}

/** True if the key has expired. */
export function isOver({ firstAt }: Pick<IdempotencyClaim, 'firstAt'>, now: EpochMs): boolean {
  return now - firstAt >= idempotencyKeptMs;
}

/** The next step of a request with an idempotency key. */
export type IdempotencyStep =
  /** No claim holds, or its claimant is presumed dead: claim the key, in place of that claimant. */
  | { readonly kind: 'claim'; readonly inPlaceOf?: string }
  /** The claim of this request holds: write the invocation under this request id. */
  | { readonly kind: 'accept'; readonly requestId: string }
  /** Another claimant is about to write the invocation. */
  | { readonly kind: 'wait' }
  /** The invocation was written: answer with its request id. */
  | { readonly kind: 'repeat'; readonly requestId: string }
  /** The key was claimed with another payload. */
  | { readonly kind: 'conflict' };

/**
 * Decides what a request does next.
 * @param patienceMs how long a claimant may take to write its invocation before it is presumed
 *   dead.
 */
export function nextIdempotencyStep(
  claim: IdempotencyClaim | undefined,
  request: { readonly payloadDigest: string; readonly claimant: string },
  now: EpochMs,
  patienceMs: number,
): IdempotencyStep {
  if (claim === undefined || isOver(claim, now)) return { kind: 'claim' };
  if (claim.payloadDigest !== request.payloadDigest) return { kind: 'conflict' };
  if (claim.isAccepted) return { kind: 'repeat', requestId: claim.requestId };
  if (claim.claimant === request.claimant) return { kind: 'accept', requestId: claim.requestId };
  return now - claim.claimedAt < patienceMs ? { kind: 'wait' } : { kind: 'claim', inPlaceOf: claim.claimant };
}
