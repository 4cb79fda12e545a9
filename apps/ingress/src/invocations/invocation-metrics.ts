import { Counter, type Registry as Metrics } from 'prom-client';
import { gaugeOf } from '#platform';
import type { AcceptObserver } from './acceptor.ts';

/** Counts requests to invoke a function, through either door, by outcome. */
export function countArrivals(metrics: Metrics): AcceptObserver {
  const arrivals = new Counter({
    name: 'sendoff_arrivals_total',
    help: 'Requests to invoke a function, by outcome.',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  return { arrived: (outcome) => arrivals.inc({ outcome }) };
}

/** Counts idempotency keys that were evicted before their day was over. */
export function countEvictedKeys(metrics: Metrics): () => void {
  const forgotten = new Counter({
    name: 'sendoff_idempotency_keys_forgotten_total',
    help: 'Idempotency keys evicted before their day was over: INGRESS_IDEMPOTENCY_KEYS_MAX is too low.',
    registers: [metrics],
  });
  return () => forgotten.inc();
}

/** Shows how many synchronous invocations run, beside `INGRESS_SYNC_CALLS_MAX`. */
export function gaugeSyncCalls(metrics: Metrics, running: () => number): void {
  gaugeOf(metrics, 'sendoff_sync_calls', 'Synchronous invocations that run.', running);
}
