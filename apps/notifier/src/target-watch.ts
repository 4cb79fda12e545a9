/**
 * The common knowledge of all notifiers about targets: which fail, and which are switched off.
 *
 * 1. A notifier counts on from what it has read of a target on the topic `targets`, and reports the
 *    new health there. So failures of all notifiers count together, and a success of any of them
 *    ends the row for all.
 * 2. Reports of one target within a second are one record, the last one. Nothing is written for a
 *    target that works.
 * 3. Only this notifier's tries open its own circuit breakers. The topic shows the breaker that
 *    changed last.
 * 4. A switch-off is written together with what follows from the try that led to it. Records of the
 *    health never overwrite it, because it has a key of its own.
 */
import {
  encodeTargetChange,
  type OutgoingRecord,
  type SwitchOff,
  type TargetChange,
  targetChangeKey,
  type TargetHealth,
  type TargetName,
} from '#contracts';
import type { Publisher } from '#kafka';
import { type DeliveryResult, healthAfter, switchOffAfter, type SwitchOffLimits } from '#lifecycle';
import type { Clock, Logger, TargetStates, Timer } from '#platform';

/** Parts of a {@link TargetWatch}. */
export interface TargetWatchParts {
  /** Read to its end, and follows the topic. */
  readonly states: TargetStates;
  readonly publisher: Pick<Publisher, 'publish'>;
  /** The physical name of the topic `targets`. */
  readonly topic: string;
  readonly limits: SwitchOffLimits;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Wait before a report, in milliseconds: further changes of the target join it. */
const reportWaitMs = 1_000;
/** Reports in one write. */
const batchMax = 1_000;

/** Watches the health of targets. */
export class TargetWatch {
  /** Changes that are not in Kafka yet, by the keys of their records. */
  private readonly unreported = new Map<string, TargetChange>();
  private timer: Timer | undefined;
  private writing: Promise<void> | undefined;
  private isClosed = false;

  constructor(private readonly parts: TargetWatchParts) {}

  /** Why a target is switched off. @returns undefined if it is not. */
  switchOffOf(target: TargetName): SwitchOff | undefined {
    return this.parts.states.switchOffOf(target);
  }

  /** The health of a target, with the tries of this process. */
  healthOf(target: TargetName): TargetHealth | undefined {
    if (this.unreported.size > 0) {
      const change = this.unreported.get(targetChangeKey({ kind: 'health', target }));
      if (change?.kind === 'health') return change.health;
    }
    return this.parts.states.healthOf(target);
  }

  /**
   * Notes how a try ended.
   * @param openForMs how long the circuit breaker stays open; absent if it is closed.
   * @returns the switch-off, if this try led to it. The caller writes its {@link switchOffRecord}.
   */
  tried(target: TargetName, result: DeliveryResult, openForMs: number | undefined): SwitchOff | undefined {
    const { clock, states, limits } = this.parts;
    const now = clock.now();
    const before = this.healthOf(target);
    const health = healthAfter(before, { result, now, ...(openForMs === undefined ? {} : { openForMs }) });
    if (health !== before) this.report({ kind: 'health', target, ...(health === undefined ? {} : { health }) });
    if (result.kind === 'delivered') this.switchOn(target);
    if (health === undefined || states.switchOffOf(target) !== undefined) return undefined;
    const switchOff = switchOffAfter(health, now, limits);
    if (switchOff === undefined) return undefined;
    states.apply({ kind: 'switch-off', target, switchOff });
    this.parts.logger.warn(
      { target: target.deliveryId, project: target.project, reason: switchOff.reason },
      'A target is switched off: its notices end as undelivered until somebody switches it on',
    );
    return switchOff;
  }

  /** The record of a switch-off. */
  switchOffRecord(target: TargetName, switchOff: SwitchOff): OutgoingRecord {
    return encodeTargetChange(this.parts.topic, { kind: 'switch-off', target, switchOff });
  }

  /** Writes what is not in Kafka yet. Failures are logged only: the next try reports again. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.writing;
    await this.write();
  }

  /** A target that takes a notice works again: a try was under way, or somebody tested it. */
  private switchOn(target: TargetName): void {
    const { states, logger } = this.parts;
    if (states.switchOffOf(target) === undefined) return;
    const change = { kind: 'switch-off', target } as const;
    states.apply(change);
    this.report(change);
    logger.info({ target: target.deliveryId, project: target.project }, 'A target took a notice and is switched on again');
  }

  private report(change: TargetChange): void {
    this.unreported.set(targetChangeKey(change), change);
    this.schedule();
  }

  private schedule(): void {
    if (this.isClosed || this.timer !== undefined || this.writing !== undefined) return;
    this.timer = this.parts.clock.setTimer(reportWaitMs, () => {
      this.timer = undefined;
      this.writing = this.write().finally(() => {
        this.writing = undefined;
        if (this.unreported.size > 0) this.schedule();
      });
    });
  }

  private async write(): Promise<void> {
    const { publisher, topic, states, logger } = this.parts;
    const changes = [...this.unreported].slice(0, batchMax);
    if (changes.length === 0) return;
    try {
      await publisher.publish(changes.map(([, change]) => encodeTargetChange(topic, change)));
    } catch (error) {
      logger.warn({ error: String(error) }, 'The health of targets could not be written; it is written again');
      return;
    }
    for (const [key, change] of changes) {
      states.apply(change);
      if (this.unreported.get(key) === change) this.unreported.delete(key);
    }
  }
}
