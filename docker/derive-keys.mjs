/**
 * Prints the keys of executor, notifier and status-logger for docker/.env, derived from
 * SENDOFF_PLATFORM_KEY. It runs before the image is built, so it repeats what libs/platform does;
 * tools/compose.test.ts compares the two.
 */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';

// oxlint-disable-next-line no-restricted-properties -- no library of the project is there yet
const root = process.env.SENDOFF_PLATFORM_KEY ?? '';
if (root.length < 32) throw new Error('SENDOFF_PLATFORM_KEY must have at least 32 characters');

const derived = (key, info) => Buffer.from(hkdfSync('sha256', key, '', info, 32));
const keyFor = (purpose) => derived(root, `sendoff key for ${purpose}`).toString('base64url');

// DER in front of the 32 bytes of a private key of Ed25519; see RFC 8410, section 7.
const seed = derived(keyFor('signing'), 'sendoff ed25519');
const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
const publicKey = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' }).x;

console.log(`SENDOFF_FUNCTIONS_KEY=${keyFor('functions')}`);
console.log(`SENDOFF_SUBSCRIPTION_KEY=${keyFor('subscriptions')}`);
console.log(`SENDOFF_PUBLIC_KEYS=${publicKey}`);
