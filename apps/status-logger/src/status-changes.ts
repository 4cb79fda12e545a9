import { fold, type FoldedRecord, type StatusEvent } from '#lifecycle';

/** One event and the record of its invocation before and after the event was folded. */
export interface StatusChange {
  readonly event: StatusEvent;
  /** Undefined if the store had no record of the invocation. */
  readonly before: FoldedRecord | undefined;
  readonly after: FoldedRecord;
}

/** The changes that a batch of events makes. */
export interface FoldedEvents {
  /** One entry for each event that changed a record, in the order of the events. */
  readonly changes: readonly StatusChange[];
  /** The changed records in their last form, by request id. */
  readonly records: ReadonlyMap<string, FoldedRecord>;
}

/**
 * Folds events, in their order, into the records of their invocations. Pure: a store may call it
 * again after a conflict.
 * @param known the stored records of these invocations, by request id.
 */
export function foldEvents(known: ReadonlyMap<string, FoldedRecord>, events: readonly StatusEvent[]): FoldedEvents {
  const records = new Map<string, FoldedRecord>();
  const changes: StatusChange[] = [];
  for (const event of events) {
    const before = records.get(event.requestId) ?? known.get(event.requestId);
    const after = fold(before, event);
    if (after === before) continue;
    records.set(event.requestId, after);
    changes.push({ event, before, after });
  }
  return { changes, records };
}
