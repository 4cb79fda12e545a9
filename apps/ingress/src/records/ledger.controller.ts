import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import {
  addRejects,
  endedByCondition,
  endedOf,
  type FunctionTally,
  inFlightOf,
  type LedgerPage,
  noProject,
  type RejectCounts,
  rejectsOf,
  type Tally,
  tallyExtremes,
  tallySums,
  utcInstant,
} from '#contracts';
import { isUnlimited } from '#lifecycle';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { boundedQuery, type Query as QueryString, wholeQuery } from '../http/query.ts';
import { FunctionNames } from '../names/function-names.ts';
import { ledgerBounds, ledgerOperations as operations } from './ledger.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

/** The name of the whole project among the functions of the status-logger. */
export const wholeProject = '';

/** Adds the counts of several functions; none make counts of 0. */
export function addTallies(tallies: readonly Tally[]): Tally {
  const sums = tallySums.map((name) => [name, tallies.reduce((sum, tally) => sum + tally[name], 0)]);
  const extremes = tallyExtremes.map((name) => {
    const values = tallies.flatMap((tally) => tally[name] ?? []);
    const pick = name.endsWith('_min') ? Math.min : Math.max;
    return [name, values.length === 0 ? null : pick(...values)];
  });
  return Object.fromEntries([...sums, ...extremes]) as Tally;
}

function rejectedAnswer(rejects: RejectCounts): Record<string, unknown> {
  return { total: rejectsOf(rejects), reasons: rejects };
}

function ledgerAnswer({ tally, rejects }: Pick<FunctionTally, 'tally' | 'rejects'>): Record<string, unknown> {
  const { delayed, queued, running } = tally;
  const { '': success = 0, ...failures } = endedByCondition(tally);
  return {
    accepted: tally.accepted,
    settled: endedOf(tally),
    in_flight: inFlightOf(tally),
    delayed,
    queued,
    running,
    conditions: { Success: success, ...failures },
    notices: {
      pending: tally.notices_pending,
      delivered: tally.notices_delivered,
      undelivered: tally.notices_undelivered,
    },
    rejected: rejectedAnswer(rejects),
  };
}

/** @param isKnown whether the caller may know of a function. */
function proofAnswer({ proof }: LedgerPage, isKnown: (functionUrn: string) => boolean): Record<string, unknown> {
  if (proof === undefined) return { is_proven: false, count: 0, invocations: [] };
  const known = proof.unaccounted.filter(({ functionUrn }) => isKnown(functionUrn));
  return {
    is_proven: true,
    proven_at: utcInstant(proof.provenAt),
    count: known.length,
    invocations: known.map(({ requestId, functionUrn }) => ({ request_id: requestId, func_urn: functionUrn })),
  };
}

/**
 * The page of functions that a request asks for.
 * @throws ApiError FSS.1001 if it is out of bounds.
 */
export function functionPageOf(query: QueryString): { readonly limit: number; readonly after?: string } {
  const limit = wholeQuery(query, 'limit', 1, ledgerBounds.limitMax) ?? ledgerBounds.limitDefault;
  const after = boundedQuery(query, 'marker', ledgerBounds.urnLengthMax);
  return { limit, ...(after === undefined ? {} : { after }) };
}

/** The marker of the next page; empty if the functions of this one are the last. */
export function markerAfter(functions: readonly { readonly functionUrn: string }[], limit: number): string {
  return functions.length < limit ? '' : (functions.at(-1)?.functionUrn ?? '');
}

/** The ledger: accepted = settled + in flight, and whether any invocation is unaccounted for. */
@Controller('v2/:project/sendoff')
export class LedgerController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
  ) {}

  @Operation(operations.project)
  @Get('ledger')
  async project(
    @Param('project') project: string,
    @Query() query: QueryString,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    const { page, shown, next } = await this.page(project, query, caller);
    const isKnown = (functionUrn: string) => this.names.knows(functionUrn, project, caller);
    const answer = {
      functions: shown.map((one) => ({ func_urn: one.functionUrn, ...ledgerAnswer(one) })),
      next_marker: next,
      unaccounted: proofAnswer(page, isKnown),
    };
    if (!isUnlimited(caller)) return answer;
    const [all, ofNone] = await Promise.all([this.whole(project), this.whole(noProject)]);
    const rejects = addRejects([all.rejects, ofNone.rejects]);
    return {
      ...answer,
      no_function: { rejected: rejectedAnswer(ofNone.rejects) },
      total: ledgerAnswer({ tally: all.tally, rejects }),
    };
  }

  private async whole(project: string): Promise<Pick<FunctionTally, 'tally' | 'rejects'>> {
    const { functions } = await this.records.totals({ project, functionUrns: [wholeProject], limit: 1 });
    return functions[0] ?? { tally: addTallies([]), rejects: {} };
  }

  @Operation(operations.ofFunction)
  @Get('functions/:urn/ledger')
  async ofFunction(@Param('project') project: string, @Param('urn') urn: string): Promise<Record<string, unknown>> {
    const functionUrns = this.names.versionsNamed(urn, project);
    const page = await this.records.totals({ project, functionUrns, limit: functionUrns.length });
    if (page.functions.length === 0) this.names.find(urn, project);
    const tally = addTallies(page.functions.map(({ tally: one }) => one));
    const rejects = addRejects(page.functions.map(({ rejects: some }) => some));
    return {
      func_urn: functionUrns[0],
      ...ledgerAnswer({ tally, rejects }),
      unaccounted: proofAnswer(page, (functionUrn) => functionUrns.includes(functionUrn)),
    };
  }

  /** The functions of a page that the caller may use; the page may have more. */
  private async page(project: string, query: QueryString, caller: Caller) {
    const asked = functionPageOf(query);
    const page = await this.records.totals({ project, ...asked });
    const shown: readonly FunctionTally[] = page.functions.filter(({ functionUrn }) =>
      this.names.knows(functionUrn, project, caller),
    );
    return { page, shown, next: markerAfter(page.functions, asked.limit) };
  }
}
