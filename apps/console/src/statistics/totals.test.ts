import { describe, expect, it } from 'vitest';
import { type Backlog, backlogsOf, busiest, totalsOf } from './totals.ts';

function aBacklog(name: string, part: Partial<Backlog> = {}): Backlog {
  return {
    func_urn: `urn:fss:local:p1:function:default:${name}`,
    delayed: 0,
    queued: 0,
    running: 0,
    oldest_age_seconds: 0,
    accepted_per_minute: 0,
    ended_per_minute: 0,
    drain_seconds: 0,
    at_risk: 0,
    lateness: { average_ms: 0, max_ms: 0 },
    ...part,
  };
}

function withoutDrain(name: string, part: Partial<Backlog>): Backlog {
  const { drain_seconds: _absent, ...rest } = aBacklog(name, part);
  return rest;
}

describe('totalsOf', () => {
  it('adds counts and rates, and takes the oldest age and the longest drain', () => {
    const totals = totalsOf([
      aBacklog('a:latest', { queued: 3, delayed: 1, accepted_per_minute: 2.5, oldest_age_seconds: 9, drain_seconds: 30 }),
      aBacklog('b:latest', {
        queued: 1,
        running: 2,
        accepted_per_minute: 1,
        oldest_age_seconds: 4,
        drain_seconds: 60,
        at_risk: 1,
      }),
    ]);
    expect(totals).toMatchObject({ queued: 4, delayed: 1, running: 2, acceptedPerMinute: 3.5, oldestSeconds: 9 });
    expect(totals).toMatchObject({ drainSeconds: 60, atRisk: 1 });
  });

  it('has no end of the drain if one function has a queue that nothing empties', () => {
    expect(
      totalsOf([aBacklog('a:latest', { queued: 1, drain_seconds: 5 }), withoutDrain('b:latest', { queued: 1 })]),
    ).toMatchObject({
      drainSeconds: Infinity,
    });
  });

  it('has nothing to drain without a queue, also where nothing ends', () => {
    expect(totalsOf([withoutDrain('a:latest', { delayed: 7 })])).toMatchObject({ drainSeconds: 0 });
    expect(totalsOf([])).toMatchObject({ drainSeconds: 0, oldestSeconds: 0, queued: 0 });
  });
});

describe('busiest', () => {
  it('leaves out idle functions, and puts those at risk before long queues', () => {
    const names = busiest(
      [
        aBacklog('idle'),
        aBacklog('long', { queued: 9 }),
        aBacklog('risky', { queued: 2, at_risk: 1 }),
        aBacklog('runs', { running: 1 }),
      ],
      2,
    ).map(({ func_urn: urn }) => urn.split(':').at(-1));
    expect(names).toEqual(['risky', 'long']);
  });
});

describe('backlogsOf', () => {
  it('finds all versions of a function, and no function whose name only begins alike', () => {
    const all = [aBacklog('a:latest'), aBacklog('a:1'), aBacklog('ab:latest')];
    expect(backlogsOf(all, 'urn:fss:local:p1:function:default:a:latest')).toEqual(all.slice(0, 2));
  });
});
