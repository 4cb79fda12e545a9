import { Counter, Gauge, Histogram, type Registry as Metrics } from 'prom-client';
import { targetOfKey } from '#contracts';
import { durationBuckets, gaugeOf, latenessBuckets, type TargetStates } from '#platform';
import type { DeliveryObserver } from './delivery-ports.ts';
import type { TargetQueues } from './target-queues.ts';

/** The value of `condition` for an invocation that succeeded: Prometheus drops empty labels. */
const success = 'success';
/** Longest name of a target in a label, in characters. */
const targetLengthMax = 200;

/** Registers the metrics of deliveries, and returns the observer that counts them. */
export function observeDeliveries(
  metrics: Metrics,
  queues: Pick<TargetQueues, 'openBreakers' | 'targetsDown'>,
  states: Pick<TargetStates, 'switchedOff'>,
): DeliveryObserver {
  const registers = [metrics];
  const seconds = new Histogram({
    name: 'sendoff_delivery_seconds',
    help: 'Time tries of deliveries took, by kind of target and result.',
    labelNames: ['type', 'result'],
    buckets: durationBuckets,
    registers,
  });
  const lateness = new Histogram({
    name: 'sendoff_delivery_lateness_seconds',
    help: 'Time between the end of an invocation, or the due time of a further try, and the call of the target.',
    labelNames: ['type'],
    buckets: latenessBuckets,
    registers,
  });
  const ended = new Counter({
    name: 'sendoff_deliveries_ended_total',
    help: 'Deliveries that ended, by kind of target and state: delivered or undelivered.',
    labelNames: ['type', 'state'],
    registers,
  });
  const settlements = new Counter({
    name: 'sendoff_settlements_total',
    help: 'Invocations that ended, by condition: success, or why they failed.',
    labelNames: ['condition'],
    registers,
  });
  gaugeTargets(metrics, queues);
  gaugeOf(metrics, 'sendoff_targets_switched_off', 'Targets that are switched off. All notifiers show the same number.', () => {
    return states.switchedOff;
  });
  return {
    tried: (type, result, took) => seconds.observe({ type, result }, took),
    began: (type, late) => lateness.observe({ type }, late),
    ended: (type, state) => ended.inc({ type, state }),
    settled: (condition) => settlements.inc({ condition: condition === '' ? success : condition }),
  };
}

function gaugeTargets(metrics: Metrics, queues: Pick<TargetQueues, 'openBreakers' | 'targetsDown'>): void {
  gaugeOf(metrics, 'sendoff_open_breakers', 'Targets whose circuit breaker is open or half open.', () => queues.openBreakers);
  new Gauge({
    name: 'sendoff_target_down',
    help: '1 for each target whose circuit breaker is open or half open, at most 20 of them.',
    labelNames: ['target'],
    registers: [metrics],
    collect() {
      this.reset();
      for (const key of queues.targetsDown) this.set({ target: targetOfKey(key).deliveryId.slice(0, targetLengthMax) }, 1);
    },
  });
}
