import { Body, Controller, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import {
  type BacklogReport,
  endedOf,
  inFlightOf,
  type LedgerPage,
  type LedgerSummary,
  type MinuteTally,
  type RejectPage,
} from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { backlogReport } from './backlog-report.ts';
import { LedgerCheck } from './ledger-check.ts';
import { MinutesQueryDto, TotalsQueryDto } from './ledger-query.dto.ts';
import { type CatchUp, catchUpMsMax, IngressGuard, ReadQuestion } from './records.controller.ts';
import { RejectQueryDto } from './reject-query.dto.ts';
import type { StatusStore } from './status-store.ts';
import { CATCH_UP, STATUS_STORE } from './tokens.ts';

/** Longest time that a summary takes for a new comparison, in milliseconds. */
const summaryCheckMsMax = 1_500;

/** Answers the ingress, which shows the ledger and statistics. */
@UseGuards(IngressGuard)
@Controller('internal/ledger')
export class LedgerController {
  constructor(
    @Inject(STATUS_STORE) private readonly store: StatusStore,
    @Inject(CATCH_UP) private readonly catchUp: CatchUp,
    @Inject(LedgerCheck) private readonly check: LedgerCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Lists no unaccounted invocation of another project. */
  @Post('totals')
  @HttpCode(200)
  async totals(@Body(new ReadQuestion(TotalsQueryDto)) query: TotalsQueryDto): Promise<LedgerPage> {
    await this.catchUp(catchUpMsMax);
    const functions = await this.store.totals(query);
    const { latest } = this.check;
    if (latest === undefined) return { functions };
    const unaccounted = latest.unaccounted.filter(({ project }) => project === query.project);
    return { functions, proof: { ...latest, unaccounted } };
  }

  /** The counts of all projects, compared now. The installation prints them when it stops. */
  @Post('summary')
  @HttpCode(200)
  async summary(): Promise<LedgerSummary> {
    const inTime = new Promise<undefined>((resolve) => this.clock.setTimer(summaryCheckMsMax, () => resolve(undefined)));
    const proof = await Promise.race([this.check.check(), inTime]);
    const tally = await this.store.grandTotal();
    const { accepted, rejected } = tally;
    const counts = { accepted, settled: endedOf(tally), inFlight: inFlightOf(tally), rejected };
    return proof === undefined ? counts : { ...counts, unaccounted: proof.unaccounted };
  }

  @Post('rejects')
  @HttpCode(200)
  async rejects(@Body(new ReadQuestion(RejectQueryDto)) query: RejectQueryDto): Promise<RejectPage> {
    await this.catchUp(catchUpMsMax);
    return this.store.rejects(query);
  }

  @Post('minutes')
  @HttpCode(200)
  async minutes(@Body(new ReadQuestion(MinutesQueryDto)) query: MinutesQueryDto): Promise<readonly MinuteTally[]> {
    await this.catchUp(catchUpMsMax);
    return this.store.minutes(query.project, query.functionUrns, query.from, query.to);
  }

  @Post('backlogs')
  @HttpCode(200)
  async backlogs(@Body(new ReadQuestion(TotalsQueryDto)) query: TotalsQueryDto): Promise<readonly BacklogReport[]> {
    await this.catchUp(catchUpMsMax);
    const now = this.clock.now();
    const functions = await this.store.totals(query);
    return Promise.all(functions.map(async (one) => backlogReport(this.store, query.project, one, now)));
  }
}
