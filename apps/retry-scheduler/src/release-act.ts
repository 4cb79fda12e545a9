import { header, type IncomingRecord } from '#contracts';
import type { Act } from '#platform';

/**
 * The span of a release. It holds nothing of the wait but how late it ended.
 * @param lateMs since the record should have left, in milliseconds.
 */
export function releaseAct({ headers }: IncomingRecord, lateMs: number): Act {
  const { [header.traceparent]: traceparent, [header.traceLink]: traceLink, [header.functionUrn]: functionUrn } = headers;
  const attributes = () => ({
    ...(headers[header.requestId] === undefined ? {} : { 'faas.invocation_id': headers[header.requestId] }),
    ...(functionUrn === undefined ? {} : { 'sendoff.function': functionUrn }),
    'sendoff.release_to': headers[header.releaseTo] ?? '',
    'sendoff.late_ms': lateMs,
  });
  return { name: 'release', kind: 'consumer', traceparent, after: traceLink ?? traceparent, attributes };
}

/** The record after an act: the next act links to it. */
export function traced(record: IncomingRecord, traceparent: string | undefined): IncomingRecord {
  return traceparent === undefined || traceparent === record.headers[header.traceparent]
    ? record
    : { ...record, headers: { ...record.headers, [header.traceLink]: traceparent } };
}
