import type { Status } from './condition.ts';
import { type EpochMs, epochMs } from './epoch-ms.ts';
import type { RecordPlace } from './record-place.ts';
import type { StatusRecord } from './status-record.ts';
import type { History } from './transition.ts';

/** The place of a record in a search: newest first, then by request id. */
interface SearchPlace {
  readonly acceptedAt: EpochMs;
  readonly requestId: string;
}

/** Versions of functions, and request ids, that one search may name. */
export const searchNamesMax = 200;

/** A search for invocations, which the ingress sends to the status-logger over HTTP. */
export interface InvocationSearch {
  readonly project: string;
  /** URNs of eight fields; absent selects all functions of the project. */
  readonly functionUrns?: readonly string[];
  readonly requestIds?: readonly string[];
  readonly statuses?: readonly Status[];
  /** Number of a condition. */
  readonly errorCode?: number;
  /** A part of the error message; capital and small letters of ASCII are alike. */
  readonly errorText?: string;
  /** One tag that the invocation has. */
  readonly tag?: string;
  /** Begin of the window over `acceptedAt`; both ends belong to it. */
  readonly beginAt: EpochMs;
  readonly endAt: EpochMs;
  /** Only records that come after this place, as {@link searchMarker} writes it. */
  readonly marker?: string;
  /** The most records. */
  readonly limit: number;
  /** Whether the records have the places of their payloads. Default false. */
  readonly withPlaces?: boolean;
  /** Whether the records tell if a redrive has started them again. Default false. */
  readonly withRedriven?: boolean;
  /** Whether the records have their histories. Default false. */
  readonly withHistory?: boolean;
}

/** A record that a search found. */
export interface FoundRecord extends StatusRecord {
  /** The newest records that carry the payload, newest first; only if the search asks for them. */
  readonly places?: readonly RecordPlace[];
  /** True if a redrive has started it again; only if the search asks for that. */
  readonly isRedriven?: boolean;
  /** Only if the search asks for it, and the status-logger is no older than this release. */
  readonly history?: History;
  /** The end of the validity period, with `history`. */
  readonly expiresAt?: EpochMs;
}

/** The records that a search found, newest first. A page may be empty and not the last. */
export interface InvocationSearchPage {
  readonly records: readonly FoundRecord[];
  /** The last place that was looked at, as a marker; absent if no more records can match. */
  readonly next?: string;
}

/** The form of a marker. */
export const searchMarkerPattern = /^(\d{1,15})-([A-Za-z0-9-]{1,64})$/;

/** Writes a place as `<milliseconds>-<request id>`. */
export function searchMarker({ acceptedAt, requestId }: SearchPlace): string {
  return `${acceptedAt}-${requestId}`;
}

/** Reads a place back; undefined if the marker is malformed. */
export function readSearchMarker(marker: string): SearchPlace | undefined {
  const [, acceptedAt, requestId] = searchMarkerPattern.exec(marker) ?? [];
  return acceptedAt === undefined || requestId === undefined ? undefined : { acceptedAt: epochMs(Number(acceptedAt)), requestId };
}

/** The record of one invocation, with all that is kept of it. */
export interface InvocationHistory {
  readonly record: StatusRecord;
  readonly history: History;
  /** The end of the validity period; absent in records of earlier releases. */
  readonly expiresAt?: EpochMs;
}
