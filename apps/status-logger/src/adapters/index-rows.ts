/**
 * Rows by which tags and deliveries are found without reading the rows of their invocations. They
 * hold keys only: everything else is in the row of the invocation, with which they go.
 */
import type { FoldedRecord } from '#lifecycle';

/** Finds invocations by a tag, newest first. */
export interface TagRow {
  project: string;
  tag: string;
  accepted_at: number;
  request_id: string;
}

/** Finds deliveries by state, function and target, newest first. */
export interface NoticeRow {
  request_id: string;
  delivery_id: string;
  project: string;
  /** Empty while only the delivery is known. */
  function_urn: string;
  /** pending, delivered or undelivered. */
  state: string;
  /** When the invocation was accepted. */
  accepted_at: number;
}

/** The columns of `tags`, in the order in which statements bind them. */
export const tagColumns = ['project', 'tag', 'accepted_at', 'request_id'] as const satisfies (keyof TagRow)[];

/** The columns of `notices`, in the order in which statements bind them. */
export const noticeColumns = [
  'request_id',
  'delivery_id',
  'project',
  'function_urn',
  'state',
  'accepted_at',
] as const satisfies (keyof NoticeRow)[];

/** The rows of tags that an invocation did not have when its record was stored. */
export function newTagRows(before: FoldedRecord | undefined, { requestId, project, acceptedAt, tags }: FoldedRecord): TagRow[] {
  if (tags.length === 0 || before?.tags.join(',') === tags.join(',')) return [];
  return tags.map((tag) => ({ project, tag, accepted_at: acceptedAt, request_id: requestId }));
}

/** The rows of deliveries whose state, or whose invocation, has become known. */
export function newNoticeRows(before: FoldedRecord | undefined, record: FoldedRecord): NoticeRow[] {
  const { requestId, project, functionUrn, acceptedAt, deliveries } = record;
  const isSubjectNew = before?.functionUrn !== functionUrn;
  const stateBefore = (id: string) => before?.deliveries.find(({ deliveryId }) => deliveryId === id)?.state;
  return deliveries
    .filter(({ deliveryId, state }) => isSubjectNew || stateBefore(deliveryId) !== state)
    .map(({ deliveryId, state }) => ({
      request_id: requestId,
      delivery_id: deliveryId,
      project,
      function_urn: functionUrn,
      state,
      accepted_at: acceptedAt,
    }));
}
