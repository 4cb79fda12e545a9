import { type DynamicModule, Module } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry as Metrics } from 'prom-client';
import type { UnreadRecords } from '#kafka';
import { durationBuckets, gaugeOf, type IsolationLevel, latenessBuckets } from '#platform';
import type { EgressPolicy } from './egress-policy.ts';
import type { AttemptQueue } from './attempt-queue.ts';
import { gaugeBacklog } from './backlog-metrics.ts';
import { type AttemptObserver, type AttemptParts, Attempts } from './attempts.ts';
import type { CallsUnderWay } from './call-route.ts';
import { InvocationsController } from './invocations.controller.ts';
import type { CallsObserver } from './sync-calls.ts';
import { ATTEMPTS } from './tokens.ts';

/** Parts of the executor. */
export interface ExecutorParts extends Omit<AttemptParts, 'observer'> {
  readonly metrics: Metrics;
  /** The number of function processes now. */
  readonly instances: () => number;
  /** Since when each started attempt waits for a function process, by `elapsedMs` of the clock. */
  readonly waitingForProcesses: () => readonly number[];
  /** Counts the unread records of the partitions of this process. */
  readonly unread: (topic: string) => Promise<readonly UnreadRecords[]>;
  /** The policy for connections of functions that is in force. */
  readonly egress: EgressPolicy;
  /** How strong the walls around functions are. */
  readonly isolation: IsolationLevel;
}

/** The executor attempts: it runs functions and decides what follows. */
@Module({})
export class ExecutorModule {
  static register({
    metrics,
    instances,
    waitingForProcesses,
    unread,
    egress,
    isolation,
    ...parts
  }: ExecutorParts): DynamicModule {
    const { queue, clock, topics } = parts;
    gaugeQueue(metrics, queue, instances);
    gaugeBacklog(metrics, { queue, clock, topics, waitingForProcesses, unread });
    gaugeChoice(metrics, 'sendoff_function_egress', 'policy', 'policy for connections of functions', egress);
    gaugeChoice(metrics, 'sendoff_function_isolation', 'level', 'level of the walls around functions', isolation);
    return {
      module: ExecutorModule,
      controllers: [InvocationsController],
      providers: [{ provide: ATTEMPTS, useValue: new Attempts({ ...parts, observer: observe(metrics) }) }],
    };
  }
}

/** Counts synchronous calls by how they ended. */
export function countCalls(metrics: Metrics): CallsObserver {
  const seconds = new Histogram({
    name: 'sendoff_sync_call_seconds',
    help: 'Duration of synchronous calls without their wait in the queue, by ending.',
    labelNames: ['ending'],
    buckets: durationBuckets,
    registers: [metrics],
  });
  return { called: (ending, took) => seconds.observe({ ending }, took) };
}

/** Shows how near synchronous calls are to their bound. */
export function gaugeCalls(metrics: Metrics, underWay: CallsUnderWay): void {
  gaugeOf(metrics, 'sendoff_sync_calls', 'Synchronous calls under way, waiting ones included.', () => underWay.count());
}

function observe(metrics: Metrics): AttemptObserver {
  const registers = [metrics];
  const seconds = new Histogram({
    name: 'sendoff_attempt_seconds',
    help: 'Time attempts took, by outcome.',
    labelNames: ['outcome'],
    buckets: durationBuckets,
    registers,
  });
  const lateness = new Histogram({
    name: 'sendoff_start_lateness_seconds',
    help: 'Time between the due time of an attempt and its start, by what held it back.',
    labelNames: ['held_by'],
    buckets: latenessBuckets,
    registers,
  });
  const moved = new Counter({
    name: 'sendoff_overflow_records_total',
    help: 'Invocations moved from the express to the bulk lane.',
    registers,
  });
  return {
    attempted: (outcome, took) => seconds.observe({ outcome }, took),
    started: (late, wasLimited) => lateness.observe({ held_by: wasLimited ? 'function-limit' : 'platform' }, late),
    overflowed: () => moved.inc(),
  };
}

function gaugeQueue(metrics: Metrics, queue: AttemptQueue, instances: () => number): void {
  gaugeOf(metrics, 'sendoff_attempts_running', 'Attempts that run now.', () => queue.runningNow);
  gaugeOf(metrics, 'sendoff_attempts_waiting', 'Attempts that wait for their turn.', () => queue.waitingNow);
  gaugeOf(metrics, 'sendoff_function_instances', 'Processes of functions.', instances);
}

/** A gauge that is 1 for the value that is in force. */
function gaugeChoice(metrics: Metrics, name: string, label: string, subject: string, value: string): void {
  const gauge = new Gauge({
    name,
    help: `1 for the ${subject} that is in force.`,
    labelNames: [label],
    registers: [metrics],
  });
  gauge.set({ [label]: value }, 1);
}
