import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { IngressApp } from '../../../testing/ingress-app.ts';

let app: IngressApp;
beforeEach(async () => {
  app = await IngressApp.start();
  await app.createFunction('f');
});
afterEach(async () => app.close());

const path = '/sendoff/functions/f/logs';

describe('the log of a function', () => {
  it('is that of all executors, newest first, and shows which answered', async () => {
    app.logs.pages = [
      { lines: [{ at: epochMs(1_800_000_000_001), requestId: '-', text: 'started' }] },
      undefined,
      { lines: [{ at: epochMs(1_800_000_000_002), requestId: 'r1', text: 'hello\\u{1b}' }] },
    ];
    const { status, body } = await app.call('GET', `${path}?request_id=r1&limit=5&marker=1800000000009-2`);
    expect(status).toBe(200);
    expect(body).toEqual({
      logs: [],
      executors: [
        { executor: 1, answered: true },
        { executor: 2, answered: false },
        { executor: 3, answered: true },
      ],
      next_marker: '',
    });
    expect(app.logs.queries).toEqual([
      { project: 'p1', package: 'default', name: 'f', requestId: 'r1', until: 1_800_000_000_009, limit: 7 },
    ]);
    expect((await app.call('GET', `${path}?limit=2`)).body).toMatchObject({
      logs: [
        { time: '2027-01-15T08:00:00.002Z', request_id: 'r1', content: 'hello\\u{1b}', executor: 3 },
        { time: '2027-01-15T08:00:00.001Z', request_id: '', content: 'started', executor: 1 },
      ],
      next_marker: '1800000000001-1',
    });
  });

  it('is bounded', async () => {
    await app.call('GET', path);
    await app.call('GET', `${path}?limit=100000`);
    expect(app.logs.queries.map(({ limit }) => limit)).toEqual([100, 500]);
  });

  it.each(['marker=12', 'limit=-1', `request_id=${'x'.repeat(65)}`])('is refused with 400 for %s', async (query) => {
    const { status, body } = await app.call('GET', `${path}?${query}`);
    expect([status, body]).toMatchObject([400, { error_code: 'FSS.1001' }]);
  });

  it('is answered 503 if no executor answers, and 404 for an unknown function', async () => {
    app.logs.pages = [undefined];
    expect((await app.call('GET', path)).status).toBe(503);
    expect((await app.call('GET', '/sendoff/functions/unknown/logs')).status).toBe(404);
  });
});
