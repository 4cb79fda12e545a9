import { Gauge, type Registry as Metrics } from 'prom-client';
import { endedOf, inFlightOf, type Tally } from '#contracts';
import type { Clock } from '#platform';
import type { LedgerCheck } from './ledger-check.ts';
import type { StatusStore } from './status-store.ts';

/** Shows the ledger of all projects. Processes that share a store show the same numbers. */
export function ledgerMetrics(
  metrics: Metrics,
  store: Pick<StatusStore, 'grandTotal'>,
  check: Pick<LedgerCheck, 'latest'>,
  clock: Clock,
): void {
  const registers = [metrics];
  let asked: Promise<Tally | undefined> | undefined;
  // Two gauges of one scrape share the question. A store that does not answer keeps the numbers of
  // before; its own alert tells.
  const grandTotal = async () => {
    asked ??= store
      .grandTotal()
      .catch(() => undefined)
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
  new Gauge({
    name: 'sendoff_ledger_invocations',
    help: 'Invocations since the store exists, by state: accepted, settled, in_flight.',
    labelNames: ['state'],
    registers,
    async collect() {
      const tally = await grandTotal();
      if (tally === undefined) return;
      this.set({ state: 'accepted' }, tally.accepted);
      this.set({ state: 'settled' }, endedOf(tally));
      this.set({ state: 'in_flight' }, inFlightOf(tally));
    },
  });
  new Gauge({
    name: 'sendoff_ledger_rejects',
    help: 'Records of the topic intake that were refused since the store exists.',
    registers,
    async collect() {
      const tally = await grandTotal();
      if (tally !== undefined) this.set(tally.rejected);
    },
  });
  new Gauge({
    name: 'sendoff_ledger_unaccounted',
    help: 'Invocations that have not ended although all their records are committed; 100 means 100 or more.',
    registers,
    collect() {
      this.set(check.latest?.unaccounted.length ?? 0);
    },
  });
  new Gauge({
    name: 'sendoff_ledger_proof_age_seconds',
    help: 'Seconds since the ledger was last compared with the committed offsets; -1 before the first time.',
    registers,
    collect() {
      const { latest } = check;
      this.set(latest === undefined ? -1 : Math.max(0, (clock.now() - latest.provenAt) / 1_000));
    },
  });
}
