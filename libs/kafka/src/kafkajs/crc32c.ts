/**
 * The checksum of a record batch, CRC-32C. Eight tables let it take 8 bytes at once: it is more
 * than twice as fast as the function of kafkajs.
 */

const polynomial = 0x82f6_3b78;

function firstTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ polynomial;
    return value;
  });
}

/** The table for a byte that one more byte follows. */
function tableBefore(table: Int32Array): Int32Array {
  return table.map((value) => (value >>> 8) ^ (t0[value & 255] as number));
}

const t0 = firstTable();
const t1 = tableBefore(t0);
const t2 = tableBefore(t1);
const t3 = tableBefore(t2);
const t4 = tableBefore(t3);
const t5 = tableBefore(t4);
const t6 = tableBefore(t5);
const t7 = tableBefore(t6);

/** Returns the CRC-32C of bytes, from 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  let at = 0;
  // Every index is within its array, so the types are asserted: checks would halve the speed.
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    crc ^= low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    crc =
      (t7[crc & 255] as number) ^
      (t6[(crc >>> 8) & 255] as number) ^
      (t5[(crc >>> 16) & 255] as number) ^
      (t4[crc >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) crc = (t0[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
