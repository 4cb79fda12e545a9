import type { EpochMs, IdempotencyEvent } from '#contracts';

/** How long a key stands for its invocation, in milliseconds. */
export const idempotencyKeptMs = 86_400_000;

/** What a key stands for, as far as its records were read. */
export interface IdempotencyClaim {
  readonly requestId: string;
  readonly payloadDigest: string;
  /** Who is to write the invocation. */
  readonly claimant: string;
  /** When the key was first claimed. */
  readonly firstAt: EpochMs;
  /** When the claimant claimed it. */
  readonly claimedAt: EpochMs;
  readonly isAccepted: boolean;
}

/**
 * Folds one record into what a key stands for. Records of a key are read in the same order by everybody, so everybody agrees: the first
 * claim holds, until its claimant is replaced before the invocation was accepted, or the key's time is over.
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

/** Does the key no longer stand for anything? */
export function isOver({ firstAt }: Pick<IdempotencyClaim, 'firstAt'>, now: EpochMs): boolean {
  return now - firstAt >= idempotencyKeptMs;
}

/** What a request with an idempotency key does next. */
export type IdempotencyStep =
  /** Nobody holds the key, or its holder is taken to have died: claim it, in place of that one. */
  | { readonly kind: 'claim'; readonly inPlaceOf?: string }
  /** The key is ours: write the invocation under this request id. */
  | { readonly kind: 'accept'; readonly requestId: string }
  /** Somebody else is about to write the invocation. */
  | { readonly kind: 'wait' }
  /** The invocation is there: answer with its request id. */
  | { readonly kind: 'repeat'; readonly requestId: string }
  /** The key stands for another payload. */
  | { readonly kind: 'conflict' };

/**
 * Decides what a request does next.
 * @param patienceMs how long a claimant may take to write its invocation before it is taken to have died.
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
