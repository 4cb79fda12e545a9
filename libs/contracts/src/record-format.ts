/**
 * The version of the format of a record.
 *
 * Services of two releases run side by side during an upgrade. So a record between services names
 * the version of its format in a header; a record without the header has version 1. A service that
 * meets a version above those it reads leaves the record for a newer service.
 * @see docs/adr/0030-records-carry-a-version.md
 */
import { bounds } from './bounds.ts';
import { contractViolated, PlatformError } from './errors.ts';
import { wholeNumber } from './headers.ts';
import type { IncomingRecord, RecordHeaders } from './record.ts';

/**
 * A family of records that share a version. `work` records move from topic to topic as they are:
 * invocations, settlements and deliveries, also while they wait.
 */
export type RecordFormat = 'work' | 'activity' | 'cancellation' | 'idempotency' | 'registry' | 'target' | 'redrive' | 'audit';

/** The versions of one format that this release knows. */
export interface FormatVersions {
  /** The newest version that this release reads. It reads all versions below, too. */
  readonly reads: number;
  /** The version that this release writes. */
  readonly writes: number;
}

/**
 * Raise `reads` one release before `writes`: then no record waits during an upgrade.
 */
export const recordFormats: Readonly<Record<RecordFormat, FormatVersions>> = {
  // Version 2 has references of payloads; see `referenceHeaders`.
  work: { reads: 2, writes: 1 },
  activity: { reads: 1, writes: 1 },
  cancellation: { reads: 1, writes: 1 },
  idempotency: { reads: 1, writes: 1 },
  registry: { reads: 1, writes: 1 },
  target: { reads: 1, writes: 1 },
  redrive: { reads: 1, writes: 1 },
  audit: { reads: 1, writes: 1 },
};

/** The header with the version of a record between services. */
export const formatVersionHeader = 'format-version';

/** The versions of the records that callers write to `intake`. */
export const intakeFormatVersions = { reads: 1 } as const;

/**
 * Reads the version of a record.
 * @returns 1 without the header.
 * @throws PlatformError `CONTRACT_VIOLATED` if the header is not a whole number from 1.
 */
export function formatVersionOf(headers: RecordHeaders, name: string = formatVersionHeader): number {
  return wholeNumber(headers, name, bounds.formatVersion, 1);
}

/** The headers that name the version which this release writes: none for version 1. */
export function formatHeaders(
  format: RecordFormat,
  formats: Readonly<Record<RecordFormat, FormatVersions>> = recordFormats,
): Record<string, string> {
  const { writes } = formats[format];
  return writes === 1 ? {} : { [formatVersionHeader]: String(writes) };
}

/**
 * The headers of a `work` record with references of payloads. A service that does not know them
 * would run the function without its event, so it leaves the record for a newer service.
 */
export function referenceHeaders(references: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const named = Object.entries(references).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return named.length === 0 ? {} : { ...Object.fromEntries(named), [formatVersionHeader]: '2' };
}

/**
 * Checks that this release can read a record.
 * @throws PlatformError `RECORD_TOO_NEW` if a newer release must read it.
 * @throws PlatformError `CONTRACT_VIOLATED` if the version is not one.
 */
export function checkFormat(
  format: RecordFormat,
  { topic, partition, offset, headers }: Pick<IncomingRecord, 'topic' | 'partition' | 'offset' | 'headers'>,
  formats: Readonly<Record<RecordFormat, FormatVersions>> = recordFormats,
): void {
  if (headers[formatVersionHeader] === undefined) return;
  const version = formatVersionOf(headers);
  const { reads } = formats[format];
  if (version <= reads) return;
  const reason =
    `the record of ${topic}, partition ${partition}, offset ${offset} has version ${version}; ` +
    `this release reads versions up to ${reads}. Start a service of the newer release`;
  throw new PlatformError('RECORD_TOO_NEW', { details: { reason, topic, partition, offset: String(offset), version, reads } });
}

/**
 * Checks that a record of a caller has a version that this release reads.
 * @throws PlatformError `CONTRACT_VIOLATED` if it has not: the caller must not make others wait.
 */
export function checkIntakeFormat(headers: RecordHeaders, name: string): void {
  const version = formatVersionOf(headers, name);
  if (version > intakeFormatVersions.reads)
    throw contractViolated(`header ${name} is ${version}; this release reads versions up to ${intakeFormatVersions.reads}`);
}
