import type { Counter } from 'prom-client';
import { encodeSettlement, type OutgoingRecord } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { type FoldedRecord, lostSettlement, type StatusEvent } from '#lifecycle';
import { growingCache } from '#platform';
import type { RecentTransitions } from './recent-transitions.ts';
import type { StatusChange } from './status-changes.ts';
import type { StatusStore } from './status-store.ts';

/** A record whose invocation or deliveries were lost, and the events that end them. */
export interface Loss {
  readonly record: FoldedRecord;
  readonly events: readonly StatusEvent[];
}

/**
 * Ends what was lost. An invocation with a failure destination or a status log is settled in the
 * topic of settlements, so that they hear of it. Other ends are only stored.
 */
export class LostRecords {
  /** Those that were settled here lately, until the store has read so. */
  private readonly settled = growingCache<true>(100_000);

  constructor(
    private readonly store: Pick<StatusStore, 'fold'>,
    private readonly kafka: Pick<KafkaGateway, 'publisher' | 'topics'>,
    private readonly lost: Pick<Counter, 'inc'>,
    private readonly recent: Pick<RecentTransitions, 'add'>,
  ) {}

  /**
   * @returns how many invocations and deliveries it ended.
   * @throws PlatformError `STORE_UNAVAILABLE`, `BROKER_UNAVAILABLE`; some may have been ended.
   */
  async end(losses: readonly Loss[]): Promise<number> {
    const settlements = new Map<string, OutgoingRecord>();
    const events: StatusEvent[] = [];
    for (const { record, events: ends } of losses)
      for (const end of ends) {
        const settlement = lostSettlement(record, end);
        if (settlement === undefined) events.push(end);
        else settlements.set(record.requestId, encodeSettlement(this.kafka.topics.name('settlements'), settlement));
      }
    for (const requestId of settlements.keys()) if (this.settled.has(requestId)) settlements.delete(requestId);
    let ended = settlements.size;
    if (ended > 0) await this.kafka.publisher.publish([...settlements.values()]);
    for (const requestId of settlements.keys()) this.settled.set(requestId, true);
    let stored: readonly StatusChange[] = [];
    if (events.length > 0)
      await this.store.fold(events, async (changes) => {
        stored = changes;
      });
    // Clients that follow transitions see these ends as any others.
    this.recent.add(stored);
    ended += stored.length;
    this.lost.inc(ended);
    return ended;
  }
}
