import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';

/** Kinds of things that the ingress signs. A signature of one kind is never valid for another. */
export type SignedKind = 'registry document' | 'internal token';

/** Most public keys that a verifier may hold: the current key, and others during a rotation. */
export const publicKeysMax = 4;

/** A public key as text: the 32 bytes of Ed25519 in base64url. */
export const publicKeyPattern = /^[A-Za-z0-9_-]{43}$/;

/** DER in front of the 32 bytes of a private key. @see RFC 8410, section 7 */
const privateKeyHead = Buffer.from('302e020100300506032b657004220420', 'hex');

function signedBytes(kind: SignedKind, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`sendoff ${kind}\n`), content]);
}

/** Signs for one installation with Ed25519. Only the ingress has one. */
export class Signer {
  /** As {@link publicKeyPattern}. */
  readonly publicKey: string;
  private readonly key: KeyObject;

  /** @param signingKey a random text; the same text makes the same key pair. */
  constructor(signingKey: string) {
    const seed = Buffer.from(hkdfSync('sha256', signingKey, '', 'sendoff ed25519', 32));
    this.key = createPrivateKey({ key: Buffer.concat([privateKeyHead, seed]), format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.key).export({ format: 'jwk' }).x ?? '';
  }

  /** @returns the signature, 64 bytes; always the same for the same content. */
  sign(kind: SignedKind, content: Buffer): Buffer {
    return sign(null, signedBytes(kind, content), this.key);
  }
}

/** Verifies signatures of a {@link Signer}. It cannot make any. */
export class Verifier {
  private readonly keys: readonly KeyObject[];

  /** @param publicKeys each as {@link publicKeyPattern}; a signature of any of them is valid. */
  constructor(publicKeys: readonly string[]) {
    this.keys = publicKeys.map((x) => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }));
  }

  isValid(kind: SignedKind, content: Buffer, signature: Buffer): boolean {
    const bytes = signedBytes(kind, content);
    return this.keys.some((key) => verify(null, bytes, key, signature));
  }
}
