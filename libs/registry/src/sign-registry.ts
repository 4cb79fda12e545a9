import { checkFormat, type IncomingRecord, type RegistryDocument } from '#contracts';
import type { KafkaGateway } from '#kafka';
import type { Signer, Verifier } from '#platform';
import { deletion, type SignedContent, signedRecord, verifiedRevision } from './document-signature.ts';
import { readEntry } from './read-document.ts';
import { signedMarkerKey } from './registry.ts';
import { signedByAnotherKey } from './registry-writer.ts';

/** Parts of {@link signRegistry}. */
export interface SignRegistryParts {
  readonly gateway: Pick<KafkaGateway, 'follower' | 'publisher' | 'topics'>;
  readonly signer: Signer;
  /** Accepts the signatures that count now: those of the signer and of older keys. */
  readonly verifier: Verifier;
  /** Rewrites a document of an earlier version, for example to seal its secrets anew. */
  readonly renew: (document: RegistryDocument) => RegistryDocument;
}

/** How many documents were handled in which way. */
export interface SignRegistryReport {
  /** Without a signature before. */
  readonly signed: number;
  /** Signed before; signed again with the current key. */
  readonly signedAgain: number;
  /** Without a signature in a registry that is marked as signed, or unreadable. */
  readonly ignored: number;
}

/** A record in force, or a candidate for it. */
interface Found {
  readonly record: IncomingRecord;
  /** 0 without a signature. */
  readonly sequence: number;
}

const batchRecords = 200;

/**
 * Signs the documents of a registry.
 *
 * The first run, on a registry from a version before signatures, signs every document and then
 * writes the marker. If it ends early, a second run completes it. Later runs sign what an older key
 * has signed, and ignore documents without a signature: those were written by somebody else.
 *
 * @throws PlatformError `CONFIG_INVALID` if another key has signed the registry, `RECORD_TOO_NEW`
 *   if a newer release has written a document.
 */
export async function signRegistry(parts: SignRegistryParts): Promise<SignRegistryReport> {
  const { gateway, signer, renew } = parts;
  const topic = gateway.topics.name('registry');
  const { found, forged } = await recordsInForce(parts, topic);
  const isMarked = found.has(signedMarkerKey);
  if (!isMarked && forged > 0) throw signedByAnotherKey(forged);
  const report = { signed: 0, signedAgain: 0, ignored: 0 };
  const contents: SignedContent[] = [];
  for (const [key, { record, sequence }] of found) {
    const entry = readEntry(record);
    if (entry.kind === 'deletion') continue;
    if (entry.kind === 'malformed' || (isMarked && sequence === 0)) {
      report.ignored++;
      continue;
    }
    if (sequence === 0) report.signed++;
    else report.signedAgain++;
    contents.push({ topic, key, value: Buffer.from(JSON.stringify(renew(entry.document))), sequence: sequence + 1 });
  }
  for (let from = 0; from < contents.length; from += batchRecords)
    await gateway.publisher.publish(contents.slice(from, from + batchRecords).map((content) => signedRecord(content, signer)));
  const sequence = (found.get(signedMarkerKey)?.sequence ?? 0) + 1;
  await gateway.publisher.publish(signedRecord({ topic, key: signedMarkerKey, value: deletion, sequence }, signer));
  return report;
}

async function recordsInForce(
  { gateway, verifier }: SignRegistryParts,
  topic: string,
): Promise<{ readonly found: ReadonlyMap<string, Found>; readonly forged: number }> {
  let forged = 0;
  const found = new Map<string, Found>();
  const follower = gateway.follower({ topic, from: 'earliest', checksFormatItself: true });
  const take = (record: IncomingRecord) => {
    const { key, value } = record;
    if (key === null) return;
    const known = found.get(key);
    const revision = verifiedRevision(record, verifier);
    if (typeof revision !== 'string') {
      checkFormat('registry', record);
      if (known === undefined || revision.sequence > known.sequence) found.set(key, { record, sequence: revision.sequence });
    } else if (revision === 'forged') {
      forged++;
    } else if (known === undefined || known.sequence === 0) {
      if (value === null) found.delete(key);
      else found.set(key, { record, sequence: 0 });
    }
  };
  try {
    await follower.start(take);
  } finally {
    await follower.close();
  }
  return { found, forged };
}
