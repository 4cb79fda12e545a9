import type { EpochMs } from './epoch-ms.ts';
import { JsonObject } from './json-object.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** An act that changes something, or that was refused. It holds no secret and no payload. */
export interface AuditEntry {
  /** Request id of the HTTP request. */
  readonly requestId: string;
  readonly at: EpochMs;
  readonly project: string;
  /** An access key, or `token`. */
  readonly by: string;
  /** The operation, as the API document names it. */
  readonly act: string;
  /**
   * Names of what it changed, separated by spaces: at most {@link auditObjectLengthMax} characters.
   */
  readonly object: string;
  /** {@link auditBegun}, `done`, or the error code of the answer. */
  readonly outcome: string;
}

/**
 * The outcome in the entry that is written before the act. A second entry of the same request holds
 * the real one. Without it the act is under way, or its ingress ended within it.
 */
export const auditBegun = 'begun';

/** Longest text that names what was changed, in characters. */
export const auditObjectLengthMax = 512;

/** The record of an act. */
export function encodeAuditEntry(topic: string, entry: AuditEntry): OutgoingRecord {
  return { topic, key: entry.requestId, value: Buffer.from(JSON.stringify(entry)), headers: formatHeaders('audit') };
}

/**
 * Reads an act back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeAuditEntry({ value }: Pick<IncomingRecord, 'value'>): AuditEntry {
  const fields = JsonObject.parse(value?.toString('utf8') ?? '', 'the audit entry');
  return {
    requestId: fields.text('requestId'),
    at: fields.instant('at'),
    project: fields.text('project'),
    by: fields.text('by'),
    act: fields.text('act'),
    object: fields.text('object'),
    outcome: fields.text('outcome'),
  };
}
