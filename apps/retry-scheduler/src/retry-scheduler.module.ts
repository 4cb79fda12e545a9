import { type DynamicModule, Module } from '@nestjs/common';
import { Counter, Histogram, type Registry as Metrics } from 'prom-client';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Cancellations, type Clock, type ExpressRate, gaugeOf } from '#platform';
import { DelaysController } from './delays.controller.ts';
import { WAITING_ROOM } from './tokens.ts';
import { type ReleaseObserver, WaitingRoom } from './waiting-room.ts';

/** Parts of the {@link RetrySchedulerModule}. */
export interface RetrySchedulerParts {
  readonly gateway: KafkaGateway;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly cancellations: Cancellations;
  readonly rate: ExpressRate;
}

/** The retry-scheduler releases each waiting record when it is due. */
@Module({})
export class RetrySchedulerModule {
  static register({ gateway, clock, metrics, cancellations, rate }: RetrySchedulerParts): DynamicModule {
    const room = new WaitingRoom({
      publisher: gateway.publisher,
      topics: gateway.topics,
      clock,
      cancellations,
      observer: observe(metrics),
      rate,
    });
    gaugeRoom(metrics, room);
    return {
      module: RetrySchedulerModule,
      controllers: [DelaysController],
      providers: [
        { provide: WAITING_ROOM, useValue: room },
        { provide: KAFKA, useValue: gateway },
      ],
    };
  }
}

function observe(metrics: Metrics): ReleaseObserver {
  const registers = [metrics];
  const releases = new Counter({
    name: 'sendoff_releases_total',
    help: 'Records that left a delay topic, by kind: release, requeue or settle.',
    labelNames: ['kind'],
    registers,
  });
  const lateness = new Histogram({
    name: 'sendoff_release_lateness_seconds',
    help: 'Time between the due time of a record and its release.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  return {
    left(kind, lateMs) {
      releases.inc({ kind });
      lateness.observe(lateMs / 1_000);
    },
  };
}

function gaugeRoom(metrics: Metrics, room: WaitingRoom): void {
  gaugeOf(metrics, 'sendoff_waiting_records', 'Records in memory that wait for their due time.', () => room.size);
  gaugeOf(metrics, 'sendoff_waiting_bytes', 'Bytes of the records in memory that wait for their due time.', () => room.heldBytes);
}
