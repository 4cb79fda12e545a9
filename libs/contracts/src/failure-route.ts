import type { EpochMs } from './epoch-ms.ts';
import { header } from './headers.ts';
import { decodeInvocation, type Invocation } from './invocation.ts';
import { tagsHeader } from './invocation-tags.ts';
import { JsonObject } from './json-object.ts';
import type { RecordHeaders } from './record.ts';
import { formatHeaders } from './record-format.ts';

/** The headers that all records of an invocation share, and that its end needs. */
const names = [
  header.functionId,
  header.alias,
  header.destinations,
  header.statusLog,
  header.hops,
  header.traceparent,
  header.expiresAt,
] as const;

/**
 * The part of the headers of an invocation that its failure destination and its status log need, as
 * a text. So they hear of its end even if all its records are lost.
 */
export function failureRouteOf(headers: RecordHeaders): string {
  return JSON.stringify(
    Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
  );
}

/** The facts of an invocation that are known besides its failure route. */
export interface RoutedInvocation {
  readonly requestId: string;
  readonly functionUrn: string;
  readonly project: string;
  readonly acceptedAt: EpochMs;
  /** Attempts started. */
  readonly attempts: number;
  readonly tags?: readonly string[];
  readonly payloadRef?: string;
}

/**
 * The invocation of a failure route, without its payload.
 * @throws PlatformError `CONTRACT_VIOLATED` for a text of another shape.
 */
export function invocationOfRoute(route: string, known: RoutedInvocation): Invocation {
  const { requestId, functionUrn, project, acceptedAt, attempts, tags = [], payloadRef } = known;
  const fields = JsonObject.parse(route, 'the failure route');
  const headers: Record<string, string> = {
    ...formatHeaders('work'),
    ...Object.fromEntries(names.flatMap((name) => (fields.has(name) ? [[name, fields.text(name)]] : []))),
    [header.requestId]: requestId,
    [header.functionUrn]: functionUrn,
    [header.project]: project,
    [header.acceptedAt]: String(acceptedAt),
    [header.attempt]: String(Math.max(1, attempts)),
    ...(tags.length === 0 ? {} : tagsHeader(tags)),
    ...(payloadRef === undefined ? {} : { [header.payloadRef]: payloadRef }),
  };
  return decodeInvocation({ headers, value: Buffer.alloc(0) });
}
