import type { RedriveOrigin } from './delivery.ts';
import type { EpochMs } from './epoch-ms.ts';
import { JsonObject } from './json-object.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** The end of a notice that a redrive had sent again. */
export interface RedrivenEnd extends RedriveOrigin {
  readonly state: 'delivered' | 'undelivered';
  readonly at: EpochMs;
}

/** The record of an end, keyed by the redrive. A crash of a notifier may write it twice. */
export function encodeRedrivenEnd(topic: string, end: RedrivenEnd): OutgoingRecord {
  return { topic, key: end.redriveId, value: Buffer.from(JSON.stringify(end)), headers: formatHeaders('redrive') };
}

/**
 * Reads an end back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeRedrivenEnd({ value }: Pick<IncomingRecord, 'value'>): RedrivenEnd {
  const fields = JsonObject.parse(String(value), 'the end of a redriven notice');
  return {
    redriveId: fields.text('redriveId'),
    letter: fields.text('letter'),
    state: fields.word('state', ['delivered', 'undelivered']),
    at: fields.instant('at'),
  };
}
