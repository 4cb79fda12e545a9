import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '#platform';
import { ApiError } from '../http/api-error.ts';
import type { Authenticated, Authentication, Authenticator } from './authenticator.ts';
import type { KeyRing, OpenKey } from './key-ring.ts';
import {
  canonicalRequest,
  type Credentialed,
  isStatedHash,
  readSignature,
  expectedSignature,
  sha256Hex,
  type Signature,
} from './signature.ts';

function refused(reason: string): Authenticated {
  return { kind: 'unknown', error: new ApiError('APIG.0301', `Incorrect IAM authentication information: ${reason}`) };
}

function unknownKey({ accessKey }: Signature): string {
  return `there is no access key ${accessKey.slice(0, 128)} here`;
}

/** Whether a request states a hash, and not that its payload is unsigned. */
function isHash(statedHash: string | undefined): boolean {
  return statedHash !== undefined && /^[0-9a-f]{64}$/.test(statedHash);
}

/**
 * Knows callers by the signature of their request.
 *
 * An unknown access key is refused before the body is read. Access keys are random, so their names
 * reveal nothing. A request that states the hash of its body is verified by its head as well, so
 * its body is never taken for a stranger's. Only a caller who holds the secret learns more about a
 * key: that it is disabled, or belongs to another project.
 */
export class SignatureAuthenticator implements Authenticator {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
  ) {}

  authenticate(request: Credentialed): Authentication {
    const read = readSignature(request, this.clock.now());
    if (read.kind === 'absent') return read;
    if (read.kind === 'malformed') return refused(read.reason);
    const { signature } = read;
    if (this.keys.find(signature.accessKey) === undefined) return refused(unknownKey(signature));
    return {
      kind: 'unverified',
      claim: signature.accessKey,
      statedHash: isHash(signature.statedHash) ? signature.statedHash : undefined,
      verify: (payloadHash) => this.verify(request, signature, payloadHash),
    };
  }

  private verify(request: Credentialed, signature: Signature, payloadHash: string): Authenticated {
    let canonicalHash: string;
    try {
      canonicalHash = sha256Hex(canonicalRequest(request, signature, payloadHash));
    } catch {
      return refused('the path cannot be decoded');
    }
    // Look the key up again: while the body arrived, it may have been disabled, rotated or deleted.
    const key = this.keys.find(signature.accessKey);
    if (key === undefined) return refused(unknownKey(signature));
    if (!this.isSignedWith(key, signature, canonicalHash))
      return refused(`verify aksk signature fail; the SHA-256 of the canonical request is ${canonicalHash} here`);
    if (!isStatedHash(signature, payloadHash)) return refused(`X-Sdk-Content-Sha256 is not that of the payload, ${payloadHash}`);
    if (!key.isEnabled) return refused('the access key is disabled');
    return { kind: 'known', caller: key.caller };
  }

  private isSignedWith({ secret, previous }: OpenKey, signature: Signature, canonicalHash: string): boolean {
    const matches = (held: string) => timingSafeEqual(expectedSignature(signature, held, canonicalHash), signature.bytes);
    if (matches(secret)) return true;
    return previous !== undefined && this.clock.now() < previous.endsAt && matches(previous.secret);
  }
}
