/**
 * The owner of a partition, in the metadata of its commits.
 *
 * An owner marks its commits before it hands out the first record, and takes the mark away when it
 * lets the partition go. So a mark of an owner that is gone tells of an end of its process in
 * between.
 */
import { createHash } from 'node:crypto';

const form = /^o1:([0-9a-f]{12});/;

/** Length of a mark, in bytes. */
export const ownerMarkBytes = 16;

/** A short name of a process, from the client id of its members. */
export function ownerName(clientId: string): string {
  return createHash('sha256').update(clientId).digest('hex').slice(0, 12);
}

/** The metadata of a commit, with the mark of its owner. */
export function withOwner(owner: string, metadata: string): string {
  return `o1:${owner};${metadata}`;
}

/** The owner in the metadata of a commit, if it has a mark, and the metadata without it. */
export function splitOwner(metadata: string | null): { readonly owner?: string; readonly metadata: string | null } {
  const owner = form.exec(metadata ?? '')?.[1];
  return owner === undefined || metadata === null ? { metadata } : { owner, metadata: metadata.slice(ownerMarkBytes) };
}
