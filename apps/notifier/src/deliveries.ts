import {
  decodeDelivery,
  decodeSettlement,
  type DeliveryTarget,
  deliveryIdOf,
  type EpochMs,
  type IncomingRecord,
  nearHorizonMs,
  type DeliveryEvent,
  eventExpiresAt,
  eventProject,
  type OutgoingRecord,
  partitionName,
  type PendingDelivery,
  redriveStartKey,
  type Settlement,
  type SwitchOff,
  targetKey,
  type TargetName,
  type Topics,
} from '#contracts';
import type { Publisher, RecordDelivery } from '#kafka';
import {
  afterDelivery,
  targetFor,
  type DeliveryPolicy,
  type TryResult,
  isExpired,
  isFaultOfBrokers,
  switchedOffReason,
  type DeliveryResult,
} from '#lifecycle';
import { type Random, RecentWork, type Tracing } from '#platform';
import { deliveryAct, traced } from './delivery-act.ts';
import type { DeliveryObserver, EndState, TargetDirectory } from './delivery-ports.ts';
import { DeliveryRecords } from './delivery-records.ts';
import { tryDelivery, type TryParts } from './delivery-try.ts';
import { switchOffWarning } from './switch-off-warning.ts';
import type { TargetQueues } from './target-queues.ts';
import { testTarget } from './target-test.ts';
import type { TargetWatch } from './target-watch.ts';

/** Parts of {@link Deliveries}. */
export interface DeliveryParts extends TryParts {
  readonly directory: TargetDirectory;
  readonly publisher: Publisher;
  readonly queues: TargetQueues;
  readonly watch: TargetWatch;
  readonly policy: DeliveryPolicy;
  readonly random: Random;
  readonly observer: DeliveryObserver;
  readonly tracing: Tracing;
  readonly topics: Topics;
  /** Called when a target is to be told something: the next records are read at once. */
  readAtOnce(): void;
}

/** How a try ended, and when. */
interface EndedTry {
  readonly result: DeliveryResult;
  readonly at: EpochMs;
}

/** How long a settlement is remembered: as long as an executor remembers an attempt. */
const recentMs = 2 * nearHorizonMs;
const recentMax = 100_000;
/** The records that follow from a try. */
interface FollowingTry {
  readonly records: readonly OutgoingRecord[];
  /** Absent if another try follows. */
  readonly ended?: EndState;
}

/** A delivery after a try. */
interface TriedDelivery {
  readonly pending: PendingDelivery;
  readonly ended: EndedTry;
  /** Set if this try led to the switch-off of its target. */
  readonly switchOff?: SwitchOff | undefined;
}

/** When a try should have begun: at its due time, or when the invocation ended. */
function wantedAt({ event, try: number, dueAt }: PendingDelivery): EpochMs {
  return event.kind === 'settled' && number === 1 ? event.settlement.endedAt : dueAt;
}

function nameOf({ event, deliveryId }: PendingDelivery): TargetName {
  return { project: eventProject(event), deliveryId };
}

const expired: TryResult = { kind: 'refused', reason: 'the time to live ended before a try could be made' };

/** Makes deliveries: read, try, decide, write once. */
export class Deliveries {
  private readonly recent: RecentWork;
  private readonly records: DeliveryRecords;

  constructor(private readonly parts: DeliveryParts) {
    this.records = new DeliveryRecords(parts.topics, parts.clock);
    this.recent = new RecentWork(() => parts.clock.elapsedMs(), { forMs: recentMs, entriesMax: recentMax });
  }

  /**
   * Tells the target a settlement concerns, if any. A settlement may be written twice, because the
   * answer of the brokers was lost or because an invocation ran twice. If both ended alike, the
   * target is told once.
   * @param inHand tells when the try may start, and repeats the write of what follows from it.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `REGISTRY_BEHIND` if
   *   the registry cannot answer now, `PARTITION_LOST` if another process makes the try.
   */
  async onSettlement(record: IncomingRecord, inHand: RecordDelivery): Promise<void> {
    const settlement = decodeSettlement(record);
    const target = targetFor(settlement);
    if (target !== undefined) {
      this.parts.readAtOnce();
      await this.recent.once(settlementKey(settlement), async () => {
        await this.process(this.first({ kind: 'settled', settlement }, target), record, inHand);
        return 'concluded';
      });
    }
    this.parts.observer.settled(settlement.condition);
  }

  /**
   * Makes the next try of what waited, or of what somebody published. Or tests a target. A redrive
   * may write its first record of a notice twice; the copy is dropped.
   * @throws as {@link onSettlement}.
   */
  async onNotification(record: IncomingRecord, inHand: RecordDelivery): Promise<void> {
    const pending = decodeDelivery(record);
    this.parts.readAtOnce();
    if (pending.isTest === true) return testTarget(this.parts, pending, inHand);
    const key = redriveStartKey(pending);
    if (key === undefined) return this.process(pending, record, inHand);
    return this.recent.once(['redrive', key].join(' '), async () => {
      await this.process(pending, record, inHand);
      return 'concluded';
    });
  }

  private first(event: DeliveryEvent, target: DeliveryTarget): PendingDelivery {
    const now = this.parts.clock.now();
    return { deliveryId: deliveryIdOf(target), target, try: 1, dueAt: now, firstTriedAt: now, event };
  }

  private async process(given: PendingDelivery, record: IncomingRecord, inHand: RecordDelivery): Promise<void> {
    const startedAt = this.parts.clock.now();
    const { ended, pending, switchOff } = await this.result(given, record, startedAt, inHand);
    const jitter = this.parts.random();
    // The rule decides inside the write, so that no failure after the try can lead to another try.
    let next: FollowingTry | undefined;
    await inHand.writeUntilDone(async () => {
      next = this.following(pending, ended, jitter, record);
      const more = switchOff === undefined ? [] : this.switchOffRecords(pending, switchOff);
      await this.publish([...next.records, ...more]);
    });
    if (next?.ended !== undefined) this.parts.observer.ended(pending.target.type, next.ended);
  }

  /** @returns the end of the try, and the delivery with the trace context of the try. */
  private async result(
    given: PendingDelivery,
    record: IncomingRecord,
    startedAt: EpochMs,
    inHand: RecordDelivery,
  ): Promise<TriedDelivery> {
    const { clock, observer, queues, tracing, watch } = this.parts;
    const startedMs = clock.elapsedMs();
    let pending = given;
    const unmade = isExpired(eventExpiresAt(given.event), startedAt) ? expired : this.switchedOff(given);
    if (unmade !== undefined) return { pending, ended: { result: unmade, at: startedAt } };
    const name = nameOf(given);
    const key = targetKey(name);
    let isTried = false;
    const tryOnce = async () => {
      await inHand.readyToAct();
      // It may have been switched off while this try waited for its turn.
      const unmadeLater = this.switchedOff(given);
      if (unmadeLater !== undefined) return unmadeLater;
      isTried = true;
      const lateMs = clock.now() - wantedAt(pending);
      observer.began(pending.target.type, Math.max(0, lateMs) / 1_000);
      return tracing.during(
        deliveryAct(given, lateMs),
        async (traceparent) => {
          pending = { ...given, event: traced(given.event, traceparent) };
          return tryDelivery(this.parts, pending, traceparent);
        },
        ({ kind }) => ({ attributes: { 'sendoff.outcome': kind }, fault: kind === 'delivered' ? undefined : kind }),
      );
    };
    const facts = {
      record: { partition: partitionName(record), bytes: record.bytes },
      isCheap: this.parts.destinations[given.target.type].isCheap === true,
    };
    const result = await queues.run(key, tryOnce, facts);
    const at = clock.now();
    observer.tried(pending.target.type, result.kind, (clock.elapsedMs() - startedMs) / 1_000);
    const switchOff = isTried && !isFaultOfBrokers(result) ? watch.tried(name, result, queues.openForMs(key)) : undefined;
    return { pending, ended: { result, at }, switchOff };
  }

  /** The result of a delivery whose target is switched off. @returns undefined if it is not. */
  private switchedOff(given: PendingDelivery): TryResult | undefined {
    const switchOff = this.parts.watch.switchOffOf(nameOf(given));
    return switchOff === undefined ? undefined : { kind: 'refused', reason: switchedOffReason(switchOff) };
  }

  /** The records that follow a try: the end of this delivery, and first tries of others. */
  private following(
    pending: PendingDelivery,
    { result, at: now }: EndedTry,
    jitter: number,
    record: IncomingRecord,
  ): FollowingTry {
    const { policy, directory } = this.parts;
    const expiresAt = eventExpiresAt(pending.event);
    const until = expiresAt === undefined ? {} : { expiresAt };
    const decision = afterDelivery({ result, try: pending.try, policy, now, jitter, ...until });
    switch (decision.kind) {
      case 'again':
        return { records: [this.records.again(pending, decision.try, decision.dueAt, decision.reason)] };
      case 'abandon': {
        const { reason } = decision;
        const records = [
          this.records.undelivered(pending, reason, now, record),
          ...this.records.ended(pending, 'undelivered', now, { reason }),
        ];
        return { records, ended: 'undelivered' };
      }
      case 'done': {
        const { location, note } = decision;
        const facts = { ...(location === undefined ? {} : { location }), ...(note === undefined ? {} : { reason: note }) };
        const subscriptions = directory
          .subscriptionTargets(pending.event, pending.target)
          .map((target) => this.first(pending.event, target));
        const ends = this.records.ended(pending, 'delivered', now, facts, subscriptions);
        return { records: [...ends, ...subscriptions.map((one) => this.records.begin(one))], ended: 'delivered' };
      }
      default:
        return decision satisfies never;
    }
  }

  /** The records that follow from a switch-off: its own, and a warning for each owner. */
  private switchOffRecords(pending: PendingDelivery, switchOff: SwitchOff): readonly OutgoingRecord[] {
    const { watch, directory } = this.parts;
    const name = nameOf(pending);
    const warning = { kind: 'published', publication: switchOffWarning(name, switchOff) } as const;
    const targets = directory.warningTargets(name, pending.target);
    const warnings = targets.map((target) => this.records.begin(this.first(warning, target)));
    return [watch.switchOffRecord(name, switchOff), ...warnings];
  }

  private async publish(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length > 0) return this.parts.publisher.publish(records);
  }
}

/** The same for every settlement of this invocation that ended in this way. */
function settlementKey({ invocation, condition }: Settlement): string {
  const { requestId, functionUrn, functionId = '' } = invocation;
  return [requestId, functionUrn, functionId, condition].join(' ');
}
