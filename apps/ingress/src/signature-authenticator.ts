import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#platform';
import { ApiError } from './api-error.ts';
import type { Authenticated, Authentication, Authenticator } from './authenticator.ts';
import type { KeyRing, OpenKey } from './key-ring.ts';
import {
  canonicalRequest,
  type Credentialed,
  isStatedHash,
  readSignature,
  rightSignature,
  sha256Hex,
  type Signature,
} from './signature.ts';

function refused(reason: string): Authenticated {
  return { kind: 'unknown', error: new ApiError('APIG.0301', `Incorrect IAM authentication information: ${reason}`) };
}

/**
 * Knows callers by the signature of their request.
 *
 * An access key nobody has is judged under a secret drawn at the start, by the same steps as a wrong signature and with the same answer;
 * what else could tell that a key exists (it is disabled, it is of another project) is said only to who holds its secret.
 */
export class SignatureAuthenticator implements Authenticator {
  private readonly decoy = randomBytes(32).toString('base64url');

  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
  ) {}

  authenticate(request: Credentialed): Authentication {
    const read = readSignature(request, this.clock.now());
    if (read.kind === 'absent') return read;
    if (read.kind === 'malformed') return refused(read.reason);
    return { kind: 'unproved', prove: (payload) => this.prove(request, read.signature, payload) };
  }

  private prove(request: Credentialed, signature: Signature, payload: Buffer): Authenticated {
    const payloadHash = sha256Hex(payload);
    let canonicalHash: string;
    try {
      canonicalHash = sha256Hex(canonicalRequest(request, signature, payloadHash));
    } catch {
      return refused('the path cannot be decoded');
    }
    const key = this.keys.find(signature.accessKey);
    if (!this.isSignedWith(key, signature, canonicalHash) || key === undefined)
      return refused(`verify aksk signature fail; the SHA-256 of the canonical request is ${canonicalHash} here`);
    if (!isStatedHash(signature, payloadHash)) return refused(`X-Sdk-Content-Sha256 is not that of the payload, ${payloadHash}`);
    if (!key.isEnabled) return refused('the access key is disabled');
    return { kind: 'known', caller: key.caller };
  }

  /** A wrong signature is always held against two secrets, so that its answer takes as long whichever key it names. */
  private isSignedWith(key: OpenKey | undefined, signature: Signature, canonicalHash: string): boolean {
    const matches = (secret: string) => timingSafeEqual(rightSignature(signature, secret, canonicalHash), signature.bytes);
    if (matches(key?.secret ?? this.decoy)) return true;
    const { previous } = key ?? {};
    const isPreviousGood = previous !== undefined && this.clock.now() < previous.endsAt;
    return matches(isPreviousGood ? previous.secret : this.decoy);
  }
}
