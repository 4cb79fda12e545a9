/**
 * The membership of a consumer in its group, as far as this process can know it.
 *
 * The group gives the partitions of a member away when no heartbeat came for the session timeout.
 * A process that stood still meanwhile does not learn that: it goes on where it stopped. So a
 * member counts on its membership only for the session timeout, from when it sent the last request
 * that the group confirmed.
 *
 * ```text
 * unchecked --checked--> member --rebalancing--> rebalancing --joined--> unchecked
 * any of them --left--> unchecked
 * ```
 *
 * 1. Another member may have had the partitions before a join. So nothing begins and nothing is
 *    written until the consumer has compared its partitions with the commits of the group.
 * 2. During a rebalance work in hand may still be written, because nobody else has the partitions
 *    yet. Nothing begins: it might move away before it ends.
 */

import { type Clock, systemClock } from '#platform';

/** The actions that a membership allows now. */
export interface MembershipState {
  /** True if a record may be handed out, and may begin to act on the world. */
  readonly mayBegin: boolean;
  /** True if the outcome of a record may be written. */
  readonly mayWrite: boolean;
}

/** The membership of one consumer in its group. */
export class Membership implements MembershipState {
  private phase: 'unchecked' | 'member' | 'rebalancing' = 'unchecked';
  private confirmedAt: { readonly elapsedMs: number; readonly wallMs: number } | undefined;

  /** @param sessionTimeoutMs the group removes a member that is silent for this long. */
  constructor(
    private readonly sessionTimeoutMs: number,
    private readonly clock: Pick<Clock, 'now' | 'elapsedMs'> = systemClock,
  ) {}

  /** True if the group cannot have given the partitions away for want of heartbeats. */
  get isCurrent(): boolean {
    if (this.confirmedAt === undefined) return false;
    // Some systems stop the first clock while the machine sleeps; somebody may set the second one.
    const { elapsedMs, wallMs } = this.confirmedAt;
    const silentMs = Math.max(this.clock.elapsedMs() - elapsedMs, this.clock.now() - wallMs);
    return silentMs < this.sessionTimeoutMs;
  }

  get mayBegin(): boolean {
    return this.phase === 'member' && this.isCurrent;
  }

  get mayWrite(): boolean {
    return this.phase !== 'unchecked' && this.isCurrent;
  }

  /**
   * Notes that the group confirmed a request of this member.
   * @param tookMs time from sending the request to its answer.
   */
  confirmed(tookMs: number): void {
    const beforeMs = Math.max(0, tookMs);
    this.confirmedAt = { elapsedMs: this.clock.elapsedMs() - beforeMs, wallMs: this.clock.now() - beforeMs };
  }

  /** Notes that the group deals its partitions anew. */
  rebalancing(): void {
    if (this.phase === 'member') this.phase = 'rebalancing';
  }

  /** Notes a join. {@link checked} must follow. */
  joined(): void {
    this.phase = 'unchecked';
  }

  /** Notes that this member has left: the group gives its partitions away at once. */
  left(): void {
    this.phase = 'unchecked';
    this.confirmedAt = undefined;
  }

  /** Notes that no other member has finished what this one has in hand. */
  checked(): void {
    this.phase = 'member';
  }
}
