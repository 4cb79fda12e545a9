/**
 * How a document of the registry is signed.
 *
 * The ingress signs the topic, the key, the sequence number and the bytes of the value. It also
 * signs the version of the format if it is not 1. The sequence number grows with each document of a
 * key, so that an older document is not valid again.
 * A deletion is a signed record with a value, and compaction keeps it: a tombstone has no value to
 * sign, and compaction would forget it.
 * @see docs/adr/0017-registry-documents-are-signed.md
 */
import { createHash } from 'node:crypto';
import {
  formatHeaders,
  formatVersionHeader,
  type IncomingRecord,
  type OutgoingRecord,
  type RecordHeaders,
  registryHeader,
} from '#contracts';
import type { Signer, Verifier } from '#platform';

/** The place of a document among all that were written under its key. */
export interface Revision {
  /** From 1. */
  readonly sequence: number;
  /** SHA-256 of the value. It tells apart two documents that were written at the same time. */
  readonly digest: string;
}

/** A document or a deletion to sign. */
export interface SignedContent {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
  readonly sequence: number;
}

/** The value of the record that deletes a document. */
export const deletion: Buffer = Buffer.from('{"kind":"deletion"}');

/** @param headers those of the record, or those that it will have. */
function signedBytes({ topic, key, value, sequence }: SignedContent, headers: RecordHeaders): Buffer {
  const version = headers[formatVersionHeader];
  const signed = [topic, key, sequence, ...(version === undefined ? [] : [version])];
  return Buffer.concat([Buffer.from(`${JSON.stringify(signed)}\n`), value]);
}

/** The revision of a content. */
export function revisionOf({ sequence, value }: Pick<SignedContent, 'sequence' | 'value'>): Revision {
  return { sequence, digest: createHash('sha256').update(value).digest('base64') };
}

/** Makes the signed record of a content. */
export function signedRecord(content: SignedContent, signer: Signer): OutgoingRecord {
  const { topic, key, value, sequence } = content;
  const version = formatHeaders('registry');
  return {
    topic,
    key,
    value,
    headers: {
      ...version,
      [registryHeader.sequence]: String(sequence),
      [registryHeader.signature]: signer.sign('registry document', signedBytes(content, version)).toString('base64url'),
    },
  };
}

/**
 * Verifies a record.
 * @returns its revision; `unsigned` without a signature; `forged` if the signature is not one of
 *   the ingress for this topic, key, sequence number and value.
 */
export function verifiedRevision(record: IncomingRecord, verifier: Verifier): Revision | 'unsigned' | 'forged' {
  const { topic, key, value, headers } = record;
  const { [registryHeader.sequence]: digits, [registryHeader.signature]: signature } = headers;
  if (signature === undefined || value === null || key === null) return 'unsigned';
  if (digits === undefined || !/^[1-9]\d{0,14}$/.test(digits)) return 'forged';
  const content = { topic, key, value, sequence: Number(digits) };
  const isValid = verifier.isValid('registry document', signedBytes(content, headers), Buffer.from(signature, 'base64url'));
  return isValid ? revisionOf(content) : 'forged';
}
