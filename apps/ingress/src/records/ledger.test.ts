/**
 * Goal: ledger and statistics have the form of the API, and a limited key sees its own functions.
 * Method: a whole ingress with a clock that stands still, and a fake status-logger.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type Tally, tallyExtremes, tallySums } from '#contracts';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
  await app.createFunction('hello');
});
afterAll(async () => app.close());
beforeEach(() => {
  app.records.ledger = { functions: [] };
  app.records.ledgerOfNone = { functions: [] };
  app.records.minuteTallies = [];
  app.records.reports = [];
});

const aTally = (given: Partial<Tally> = {}): Tally => ({
  ...(Object.fromEntries([...tallySums.map((name) => [name, 0]), ...tallyExtremes.map((name) => [name, null])]) as Tally),
  ...given,
});
const busy = aTally({ accepted: 10, queued: 1, running: 2, ended_0: 4, ended_4203: 3, notices_pending: 1 });

describe('the ledger', () => {
  it('shows what was accepted, has ended and is in flight, and what is unaccounted for', async () => {
    const lost = { requestId: 'r1', functionUrn: builtUrn, project: 'p1' };
    app.records.ledger = {
      functions: [{ functionUrn: builtUrn, tally: busy, rejects: { 'function-disabled': 2 } }],
      proof: { provenAt: builtAt, unaccounted: [lost] },
    };
    const counts = {
      ...{ accepted: 10, settled: 7, in_flight: 3, delayed: 0, queued: 1, running: 2 },
      conditions: { Success: 4, InvocationTimeout: 3 },
      notices: { pending: 1, delivered: 0, undelivered: 0 },
      rejected: { total: 2, reasons: { 'function-disabled': 2 } },
    };
    const unaccounted = {
      is_proven: true,
      proven_at: '2027-01-15T08:00:00.000Z',
      count: 1,
      invocations: [{ request_id: 'r1', func_urn: builtUrn }],
    };
    expect(await app.must('GET', '/sendoff/ledger')).toEqual({
      functions: [{ func_urn: builtUrn, ...counts }],
      next_marker: '',
      unaccounted,
      no_function: { rejected: { total: 0, reasons: {} } },
      total: counts,
    });
    expect(await app.must('GET', '/sendoff/functions/hello/ledger')).toEqual({ func_urn: builtUrn, ...counts, unaccounted });
  });

  it('counts rejects that name no function in the total, and shows them to a key for all functions only', async () => {
    app.records.ledger = { functions: [{ functionUrn: builtUrn, tally: busy, rejects: { 'function-disabled': 2 } }] };
    app.records.ledgerOfNone = { functions: [{ functionUrn: '', tally: aTally(), rejects: { 'function-unknown': 3 } }] };
    const ledger = await app.must('GET', '/sendoff/ledger');
    expect(ledger.no_function).toEqual({ rejected: { total: 3, reasons: { 'function-unknown': 3 } } });
    expect(ledger.total.rejected).toEqual({ total: 5, reasons: { 'function-disabled': 2, 'function-unknown': 3 } });
    const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
    const limited = { accessKey: body.access_key, secretKey: body.secret_key };
    const shown = await app.signed('GET', '/sendoff/ledger', undefined, limited);
    expect(shown.body.functions).toMatchObject([{ func_urn: builtUrn, rejected: { total: 2 } }]);
    expect(Object.keys(shown.body)).toEqual(['functions', 'next_marker', 'unaccounted']);
  });

  it('says that nothing is proven before the first comparison', async () => {
    expect((await app.must('GET', '/sendoff/ledger')).unaccounted).toEqual({ is_proven: false, count: 0, invocations: [] });
  });

  it('has pages, and refuses a page that is too large', async () => {
    app.records.ledger = { functions: [{ functionUrn: builtUrn, tally: busy, rejects: {} }] };
    expect((await app.must('GET', '/sendoff/ledger?limit=1&marker=a')).next_marker).toBe(builtUrn);
    expect(app.records.tallyQueries).toContainEqual({ project: 'p1', limit: 1, after: 'a' });
    expect(await app.refusal('GET', '/sendoff/ledger?limit=101')).toEqual([400, 'FSS.1001']);
    app.records.ledger = { functions: [] };
    expect(await app.refusal('GET', '/sendoff/functions/nobody/ledger')).toEqual([404, 'FSS.1051']);
  });
});

describe('statistics', () => {
  it('have a point for each minute, with counts, durations and failures', async () => {
    const minute = Math.floor(builtAt / 60_000) * 60_000;
    const tally = aTally({
      ended_0: 3,
      ended_4202: 1,
      ended_4208: 4,
      ended_4501: 1,
      runs: 4,
      run_ms: 100,
      run_ms_min: 5,
      run_ms_max: 60,
    });
    app.records.minuteTallies = [{ minute: minute - 60_000, tally }];
    const points = (...values: number[]) =>
      values.map((value, index) => ({ timestamp: minute - (values.length - 1 - index) * 60_000, value }));
    const series = {
      count: points(0, 9, 0),
      duration: points(0, 25, 0),
      fail_count: points(0, 2, 0),
      max_duration: points(0, 60, 0),
      min_duration: points(0, 5, 0),
      reject_count: points(0, 1, 0),
      function_error_count: points(0, 1, 0),
      system_error_count: points(0, 1, 0),
      cancel_count: points(0, 4, 0),
    };
    expect(await app.must('GET', '/fgs/functions/hello/statistics/3')).toEqual(series);
    expect(await app.must('GET', '/fgs/functions/hello/slareports/3')).toEqual(series);
    expect(await app.must('GET', '/fgs/functions/statistics?filter=monitor_data&period=3')).toEqual({ statistics: series });
    const { count, gbs } = await app.must('GET', '/fgs/functions/statistics?filter=monthly_report&option=1');
    expect([count, gbs]).toEqual([[{ date: '2026-12', value: 9 }], []]);
  });

  it.each([
    ['a period of 0 minutes', '/fgs/functions/hello/statistics/0', 400, 'FSS.1001'],
    ['more than a week', '/fgs/functions/hello/statistics/10081', 400, 'FSS.1001'],
    ['no filter', '/fgs/functions/statistics', 400, 'FSS.1001'],
    ['an unknown function', '/fgs/functions/nobody/statistics/5', 404, 'FSS.1051'],
  ])('of %s are refused', async (_what, path, status, code) => {
    expect(await app.refusal('GET', path)).toEqual([status, code]);
  });

  it('of due times count delayed invocations in spans of the next minutes, and the others before and after', async () => {
    const minute = Math.floor(builtAt / 60_000) * 60_000;
    const dueAfter = (minutes: number, due: number) => ({ minute: epochMs(minute + minutes * 60_000), tally: aTally({ due }) });
    app.records.minuteTallies = [dueAfter(-3, 1), dueAfter(0, 2), dueAfter(61, 4), dueAfter(119, 8), dueAfter(120, 16)];
    const { overdue, later, spans } = await app.must('GET', '/sendoff/due-times?period=120');
    expect({ overdue, later }).toEqual({ overdue: 1, later: 16 });
    expect(spans).toHaveLength(60);
    expect(spans[0]).toEqual({ from_time: '2027-01-15T08:00:00.000Z', to_time: '2027-01-15T08:02:00.000Z', count: 2 });
    expect([spans[30].count, spans[59].count]).toEqual([4, 8]);
    expect(await app.call('GET', '/sendoff/due-times?period=1441')).toMatchObject({ status: 400 });
  });

  it('of due times count the functions of a limited key only', async () => {
    const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
    const limited = { accessKey: body.access_key, secretKey: body.secret_key };
    app.records.minuteTallies = [{ minute: builtAt, tally: aTally({ due: 3 }) }];
    const all = await app.signed('GET', '/sendoff/due-times', undefined, limited);
    expect(all.body.spans[0].count).toBe(3);
    expect(app.records.tallyQueries.at(-1)?.functionUrns).toEqual([builtUrn]);
    const other = await app.signed('GET', '/sendoff/due-times?function=other', undefined, limited);
    expect(other.body).toMatchObject({ overdue: 0, later: 0 });
    expect(other.body.spans.every(({ count }: { count: number }) => count === 0)).toBe(true);
  });

  it('of the backlog tell age, rate, forecast and risk', async () => {
    const recent = { accepted: 50, ended: 100, starts: 4, late_ms: 100, late_ms_max: 70 };
    app.records.reports = [
      { functionUrn: builtUrn, tally: busy, oldestAt: epochMs(builtAt - 1_500), recent, drainMs: 3_000, atRisk: 1 },
    ];
    expect(await app.must('GET', '/sendoff/statistics')).toEqual({
      functions: [
        {
          ...{ func_urn: builtUrn, delayed: 0, queued: 1, running: 2, oldest_age_seconds: 1.5 },
          ...{ accepted_per_minute: 10, ended_per_minute: 20, drain_seconds: 3, at_risk: 1 },
          lateness: { starts: 4, average_ms: 25, max_ms: 70 },
        },
      ],
      next_marker: '',
    });
  });
});
