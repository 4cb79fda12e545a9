import { Inject } from '@nestjs/common';
import {
  cloudEventHeader,
  decodeDelivery,
  encodeDelivery,
  eventId,
  eventProject,
  epochMs,
  type IncomingRecord,
  type PendingDelivery,
  type RedriveSelection,
  type RedriveSpec,
} from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK, TargetStates } from '#platform';
import { IdempotencyKeys } from '../invocations/idempotency-keys.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';
import { NoticeEnds } from './notice-ends.ts';
import type { RedriveItem, Redriven, RedrivePage, RedriveSource } from './redrive-source.ts';

/** Dead letters that one page looks at. */
const lookedAtMax = 1_000;

/** The reason of what is not started because its target is switched off. */
export const targetSwitchedOff = 'target-switched-off';

/** A place among the dead letters: everything before it was looked at. */
interface Place {
  readonly partition: number;
  readonly offset: bigint;
}

/** Notices that were given up: the topic `undelivered` is the selection, in its own order. */
export class UndeliveredNotices implements RedriveSource {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(TargetStates) private readonly targets: TargetStates,
    @Inject(IdempotencyKeys) private readonly keys: Pick<IdempotencyKeys, 'once'>,
    @Inject(NoticeEnds) private readonly ends: NoticeEnds,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async page(spec: RedriveSpec, marker: string, count: number): Promise<RedrivePage> {
    const topic = this.kafka.topics.name('undelivered');
    const ends = (await this.kafka.admin.ends(topic)).toSorted((one, other) => one.partition - other.partition);
    const from = placeOf(marker);
    const at = ends.find(
      ({ partition, end }) => partition > from.partition || (partition === from.partition && end > from.offset),
    );
    if (at === undefined) return { items: [] };
    const { partition, start } = at;
    const offset = partition === from.partition && from.offset > start ? from.offset : start;
    const records = await this.kafka.recordsFrom({ topic, partition }, offset, lookedAtMax);
    const nextPartition = markerOf({ partition: partition + 1, offset: 0n });
    const items: RedriveItem[] = [];
    for (const record of records) {
      // The broker dates these records, so those after it are later, too.
      if (record.timestamp > spec.selection.endAt) return { items, next: nextPartition };
      const marker = markerOf({ partition, offset: record.offset + 1n });
      const delivery = this.matching(spec, record);
      if (delivery !== undefined)
        items.push({ requestId: eventId(delivery.event), marker, redrive: async () => this.redrive(spec, delivery, record) });
      if (items.length === count) return { items, next: marker };
    }
    const last = records.at(-1);
    return { items, next: last === undefined ? nextPartition : markerOf({ partition, offset: last.offset + 1n }) };
  }

  async ended(spec: RedriveSpec): Promise<{ readonly succeeded: number; readonly failed: number }> {
    return this.ends.of(spec);
  }

  /** The delivery of a dead letter that the selection names; undefined if it does not. */
  private matching({ project, selection }: RedriveSpec, record: IncomingRecord): PendingDelivery | undefined {
    if (record.timestamp < selection.beginAt) return undefined;
    // A record that no notifier wrote must not stop the redrive.
    const delivery = this.kafka.topics.readOrSkip(record, decodeDelivery);
    if (delivery === undefined) return undefined;
    const isMeant =
      eventProject(delivery.event) === project && isOfTarget(selection, delivery) && isOfFunction(selection, delivery);
    return isMeant ? delivery : undefined;
  }

  private async redrive(spec: RedriveSpec, delivery: PendingDelivery, record: IncomingRecord): Promise<Redriven> {
    const { deliveryId, event } = delivery;
    const project = eventProject(event);
    const letter = `${record.partition}/${record.offset}`;
    const refusal =
      this.targets.switchOffOf({ project, deliveryId }) === undefined
        ? await this.overtaken(project, delivery, record)
        : targetSwitchedOff;
    if (refusal === undefined) return this.send(spec, delivery, letter);
    // This redrive may have sent it in a step that was not written down.
    return (await this.ends.has(spec, letter)) ? { kind: 'sent' } : { kind: 'refused', reason: refusal };
  }

  private async send(spec: RedriveSpec, { deliveryId, target, event }: PendingDelivery, letter: string): Promise<Redriven> {
    const { publisher, topics } = this.kafka;
    const redrive = { redriveId: spec.id, letter };
    // The key belongs to the dead letter, so that no other redrive sends it within a day.
    const request = {
      function: { urn: `undelivered notices of ${spec.project}`, id: '', createdAt: epochMs(0) },
      key: `${eventId(event)} ${deliveryId} ${letter}`,
      payload: Buffer.from(spec.id),
    };
    const { kind } = await this.keys.once(request, async () => {
      const now = this.clock.now();
      const again = { deliveryId, target, try: 1, dueAt: now, firstTriedAt: now, redrive, event };
      await publisher.publish(encodeDelivery(topics.name('notifications'), again), { givesWay: true });
    });
    return kind === 'conflict' ? { kind: 'refused', reason: 'already-redriven' } : { kind: 'sent' };
  }

  /** Why the notice of an invocation needs no other try; undefined if it is still undelivered. */
  private async overtaken(
    project: string,
    { deliveryId, event }: PendingDelivery,
    record: IncomingRecord,
  ): Promise<string | undefined> {
    if (event.kind !== 'settled') return undefined;
    const window = { beginAt: epochMs(0), endAt: epochMs(Number.MAX_SAFE_INTEGER) };
    const { records } = await this.records.query({ project, requestIds: [eventId(event)], ...window, offset: 0, limit: 1 });
    const known = records[0]?.deliveries.find((one) => one.deliveryId === deliveryId);
    if (known === undefined) return undefined;
    if (known.state === 'delivered') return 'delivered-already';
    const givenUpAt = Date.parse(record.headers[cloudEventHeader.time] ?? '');
    return known.state === 'undelivered' && known.at > givenUpAt ? 'given-up-again' : undefined;
  }
}

function isOfTarget({ deliveryId }: RedriveSelection, delivery: PendingDelivery): boolean {
  return deliveryId === undefined || deliveryId === delivery.deliveryId;
}

/** A published message belongs to no function. */
function isOfFunction({ functionUrns }: RedriveSelection, { event }: PendingDelivery): boolean {
  if (functionUrns === undefined) return true;
  return event.kind === 'settled' && functionUrns.includes(event.settlement.invocation.functionUrn);
}

function markerOf({ partition, offset }: Place): string {
  return `${partition}/${offset}`;
}

function placeOf(marker: string): Place {
  const [, partition = '0', offset = '0'] = /^(\d+)\/(\d+)$/.exec(marker) ?? [];
  return { partition: Number(partition), offset: BigInt(offset) };
}
