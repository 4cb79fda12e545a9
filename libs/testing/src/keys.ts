import { Signer, Verifier } from '#platform';

/** The signing key of tests. */
export const testSigner = new Signer('a-signing-key-of-32-characters-or-more');

/** Accepts signatures of {@link testSigner}. */
export const testVerifier = new Verifier([testSigner.publicKey]);
