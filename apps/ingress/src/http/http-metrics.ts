import { Counter, type Registry as Metrics } from 'prom-client';
import { gaugeBy } from '#platform';
import type { BodyOwner } from './body-allowance.ts';

/** Shows how many bytes of request bodies are in memory, beside `INGRESS_BODY_BYTES_MAX`. */
export function gaugeBodies(metrics: Metrics, held: () => Readonly<Record<BodyOwner, number>>): void {
  const help = 'Bytes of request bodies in memory: of known callers, and of callers whose signature is not verified yet.';
  gaugeBy(metrics, 'sendoff_body_bytes', help, 'owner', held);
}

/** Counts connections that the server closed because too many were open. */
export function countDropped(metrics: Metrics): () => void {
  const dropped = new Counter({
    name: 'sendoff_connections_dropped_total',
    help: 'Connections closed because INGRESS_CONNECTIONS_MAX were open.',
    registers: [metrics],
  });
  return () => dropped.inc();
}
