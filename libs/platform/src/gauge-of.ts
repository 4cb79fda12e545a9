import { Gauge, type Registry as Metrics } from 'prom-client';

/**
 * Registers a gauge whose value is read anew each time the metrics are collected.
 *
 * @param read Returns the present value. Called once a collection, so it must be cheap.
 */
export function gaugeOf(metrics: Metrics, name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [metrics],
    async collect() {
      this.set(await read());
    },
  });
}

/**
 * Registers a gauge with one value for each value of a label, read anew each time the metrics are
 * collected.
 *
 * @param read Returns the present values by the value of `label`. A label value that is no longer
 *   returned disappears from the metrics.
 */
export function gaugeBy(
  metrics: Metrics,
  name: string,
  help: string,
  label: string,
  read: () => Readonly<Record<string, number>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [metrics],
    collect() {
      this.reset();
      for (const [labelValue, value] of Object.entries(read())) this.set({ [label]: labelValue }, value);
    },
  });
}
