import { type DynamicModule, Module } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry as Metrics } from 'prom-client';
import { KAFKA, type KafkaGateway } from '#kafka';
import { gaugeOf, latenessBuckets } from '#platform';
import { DelaysController, delayTopics } from './delays.controller.ts';
import { WAITING_ROOM } from './tokens.ts';
import type { ReleaseObserver, WaitingRoom } from './waiting-room.ts';

/** Parts of the {@link RetrySchedulerModule}. */
export interface RetrySchedulerParts {
  readonly gateway: KafkaGateway;
  readonly metrics: Metrics;
  readonly room: WaitingRoom;
}

/** The retry-scheduler releases each waiting record when it is due. */
@Module({})
export class RetrySchedulerModule {
  static register({ gateway, metrics, room }: RetrySchedulerParts): DynamicModule {
    gaugeRoom(metrics, room);
    gaugeDelayed(metrics, room, gateway);
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

/** Counts releases, and measures how late they are. */
export function observeReleases(metrics: Metrics): ReleaseObserver {
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
    buckets: latenessBuckets,
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

/** Unread records are of either kind. While the brokers do not answer, they are left out. */
function gaugeDelayed(metrics: Metrics, room: WaitingRoom, gateway: KafkaGateway): void {
  new Gauge({
    name: 'sendoff_delayed_records',
    help: 'Records of delay topics that are not due, by kind: invocation, delivery, or unread.',
    labelNames: ['kind'],
    registers: [metrics],
    async collect() {
      this.reset();
      const { invocations, notifications } = room.sizeByRelease;
      this.set({ kind: 'invocation' }, invocations);
      this.set({ kind: 'delivery' }, notifications);
      const unread = await unreadDelays(gateway).catch(() => undefined);
      if (unread !== undefined) this.set({ kind: 'unread' }, unread);
    },
  });
}

async function unreadDelays(gateway: KafkaGateway): Promise<number> {
  const unread = await Promise.all(delayTopics.map(async (topic) => gateway.unread(gateway.topics.name(topic))));
  return unread.flat().reduce((sum, { records }) => sum + records, 0);
}
