import { Registry as Metrics } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { gaugeBy, gaugeOf } from './gauge-of.ts';

describe('gaugeOf', () => {
  it('shows the value of the moment at which the metrics are collected', async () => {
    const metrics = new Metrics();
    let waiting = 1;
    gaugeOf(metrics, 'sendoff_waiting', 'Attempts that wait.', () => waiting);

    waiting = 7;

    const text = await metrics.metrics();
    expect(text).toContain('# HELP sendoff_waiting Attempts that wait.\n# TYPE sendoff_waiting gauge\nsendoff_waiting 7');
  });
});

describe('gaugeBy', () => {
  it('shows one value for each value of the label, and forgets those no longer returned', async () => {
    const metrics = new Metrics();
    let bytes: Record<string, number> = { known: 1, signed: 2 };
    gaugeBy(metrics, 'sendoff_bytes', 'Bytes held.', 'owner', () => bytes);
    expect(await metrics.metrics()).toContain('sendoff_bytes{owner="signed"} 2');

    bytes = { known: 3 };

    const text = await metrics.metrics();
    expect(text).toContain('sendoff_bytes{owner="known"} 3');
    expect(text).not.toContain('signed');
  });
});
