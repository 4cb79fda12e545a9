/**
 * Proves that no accepted invocation is lost. Each one that has not ended has a record in a topic,
 * at or above the committed offset of its group.
 *
 * L1. A service commits a record after what follows from it is in a topic (I1). So an invocation
 *     whose records are all committed has a later record, or it is lost.
 * L2. The check reads the commits first, and then the ends of the topics. It waits until the store
 *     holds all records below these ends, and with them whatever follows from a committed record.
 * L3. If the store does not get there in time, the check says nothing. So it finds losses late
 *     rather than names an invocation that is not lost.
 */
import { type LedgerProof, unaccountedMax } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { type Clock, FailureStreak, type Logger, RepeatedWork } from '#platform';
import { finishedRecords } from './finished-records.ts';
import type { CatchUp } from './records.controller.ts';
import type { StatusStore } from './status-store.ts';

/** The first comparison comes early, so that a start soon shows a result. */
const firstCheckMs = 2_000;
const catchUpMsMax = 10_000;

/** Compares the store with the committed offsets, again and again. */
export class LedgerCheck {
  private readonly checks: RepeatedWork;
  private readonly failures: FailureStreak;
  private proof: LedgerProof | undefined;

  /**
   * @param catchUp waits until the store holds what the work topics held at its call.
   * @param intervalMs time between comparisons.
   */
  constructor(
    private readonly store: Pick<StatusStore, 'inFlightBelow'>,
    private readonly kafka: Pick<KafkaGateway, 'admin' | 'topics'>,
    private readonly catchUp: CatchUp,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly intervalMs: number,
  ) {
    this.checks = new RepeatedWork(clock, intervalMs, async () => this.check());
    this.failures = new FailureStreak(logger, {
      fails: 'the ledger could not be compared with the commits; trying again later',
      works: 'the ledger is compared with the commits again',
    });
  }

  /** The last comparison that succeeded; undefined if none has yet. */
  get latest(): LedgerProof | undefined {
    return this.proof;
  }

  /** Compares soon, and then at each interval until {@link close}. */
  start(): void {
    this.checks.start(Math.min(firstCheckMs, this.intervalMs));
  }

  close(): void {
    this.checks.close();
  }

  /**
   * Compares once. Never rejects: if Kafka or the store does not answer, {@link latest} stays.
   * @returns the result; undefined if there is none.
   */
  async check(): Promise<LedgerProof | undefined> {
    try {
      const provenAt = this.clock.now();
      const committed = await finishedRecords(this.kafka);
      if (!(await this.catchUp(catchUpMsMax))) return undefined;
      const lost = await this.store.inFlightBelow(committed, unaccountedMax);
      const unaccounted = lost.map(({ requestId, functionUrn, project }) => ({ requestId, functionUrn, project }));
      if (unaccounted.length > 0)
        this.logger.error(
          { unaccounted },
          'invocations are unaccounted for: their records are committed, and no other record followed',
        );
      this.proof = { provenAt, unaccounted };
      this.failures.worked();
      return this.proof;
    } catch (error) {
      if (!this.checks.isClosed) this.failures.failed(error);
      return undefined;
    }
  }
}
