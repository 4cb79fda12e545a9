/**
 * Goal: the table of invocations stays fast at a million records.
 * Method: an installation stops, SQL writes the records into its store, and it starts again. A
 * browser then scrolls to places all over the table. `npm run test:console-million`.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from '../e2e/installation.ts';
import { ConsolePage, lackOfBrowser, startBrowser } from './browser.ts';

const records = 1_000_000;
/** Records were accepted over so many milliseconds. */
const spanMs = 20 * 3_600_000;
const rowsMax = 60;
/** The most records that a simulation reads. */
const sampledMax = 5_000;
/** Bounds with room for other work. Answers took 1 to 2 s on two busy cores. */
const answerMsMax = 8_000;
const frameMsMax = 1_000;

/** Writes ended records; each tenth failed. Those of higher numbers are older. */
function fill(file: string, functionUrn: string, now: number): void {
  const store = new DatabaseSync(file);
  store.exec('PRAGMA synchronous = OFF');
  store
    .prepare(
      `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)
       INSERT INTO invocations (request_id, function_urn, project, status, stage, error_code, error_message,
         accepted_at, started_at, ended_at, over_at, attempts, deliveries)
       SELECT printf('%08d-0000-4000-8000-000000000000', n), ?, 'p1', CASE n % 10 WHEN 0 THEN 'FAIL' ELSE 'SUCCESS' END,
         9007199254740991, CASE n % 10 WHEN 0 THEN 4202 ELSE 0 END, CASE n % 10 WHEN 0 THEN 'no luck' ELSE '' END,
         ? - n * ?, ? - n * ?, ? - n * ?, ? - n * ?, 1, '[]' FROM numbers`,
    )
    .run(records, functionUrn, ...Array.from({ length: 4 }, () => [now - 60_000, spanMs / records]).flat());
  // The counts of each minute, which the status-logger writes beside the records.
  store.exec(
    `INSERT INTO function_minutes (project, function_urn, minute, shard, accepted)
     SELECT project, function_urn, CAST(accepted_at AS INTEGER) / 60000 * 60000, 0, count(*) FROM invocations GROUP BY 1, 2, 3`,
  );
  store.close();
}

/** Scrolls down in 60 steps, one a frame. @returns the longest frame, in milliseconds. */
const scrollFrames = `new Promise((done) => {
  const view = document.querySelector('.tall-view');
  const times = [performance.now()];
  const step = (now) => {
    times.push(now);
    view.scrollTop += 90;
    if (times.length < 60) requestAnimationFrame(step);
    else done(Math.max(...times.slice(2).map((time, at) => time - times[at + 1])));
  };
  requestAnimationFrame(step);
})`;

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'a million records', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;

  beforeAll(async () => {
    const brokers = inject('kafkaBrokers');
    const first = await Installation.start({ brokers });
    await first.client.createFunction('double', 'exports.handler = async () => 1;');
    await first.stop({ keepData: true });
    fill(join(first.dataDir, 'status.db'), 'urn:fss:local:p1:function:default:double:latest', Date.now());
    const env = { KAFKA_TOPIC_PREFIX: first.topicPrefix };
    [installation, browser] = await Promise.all([Installation.start({ brokers, dataDir: first.dataDir, env }), startBrowser()]);
    view = await ConsolePage.open(browser, installation.url);
    await view.goTo('/invocations?function=default%3Adouble&hours=24');
    await view.logInByToken('e2e-token');
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  it('counts them, and shows the newest', async () => {
    await view.page.getByText(`${records.toLocaleString('en-US')} invocations`).waitFor();
    await view.page.getByText('00000000-0000-4000-8000-000000000000').waitFor();
  });

  it.each([0.001, 0.25, 0.5, 0.75, 0.999, 0.1])('shows records soon after a jump to %d of the way', async (share) => {
    const { page } = view;
    const startedAt = performance.now();
    const row = await page.evaluate<number>(`(() => {
      const view = document.querySelector('.tall-view');
      view.scrollTop = (view.scrollHeight - view.clientHeight) * ${share};
      return Math.floor(${share} * ${records});
    })()`);
    const near = page.getByRole('rowgroup').getByRole('link').first();
    // The rows of before go at once; those of the new place come with their answer.
    const numberOf = async () => Number((await near.textContent({ timeout: answerMsMax }))?.slice(0, 8));
    let shown = await numberOf();
    while (Math.abs(shown - row) > 100 && performance.now() - startedAt < answerMsMax) shown = await numberOf();
    expect(Math.abs(shown - row)).toBeLessThan(100);
    expect(performance.now() - startedAt).toBeLessThan(answerMsMax);
    expect(await page.getByRole('row').count()).toBeLessThan(rowsMax);
  });

  it('keeps its frames short while it scrolls', async () => {
    expect(await view.page.evaluate<number>(scrollFrames)).toBeLessThan(frameMsMax);
    expect(await view.page.getByRole('row').count()).toBeLessThan(rowsMax);
  });

  it('simulates a policy with a sample that fails as often as all of them', async () => {
    interface Simulated {
      readonly model: { readonly failure_share: number };
      readonly records: { readonly found: number; readonly read: number; readonly factor: number };
    }
    const startedAt = performance.now();
    const path = '/sendoff/policy-simulations';
    const { model, records: sample } = await installation.client.must<Simulated>('POST', path, { function: 'double' });
    expect(performance.now() - startedAt).toBeLessThan(answerMsMax);
    expect(sample).toMatchObject({ found: records, factor: records / sampledMax });
    expect(sample.read).toBeGreaterThan(sampledMax / 2);
    expect(sample.read).toBeLessThanOrEqual(sampledMax);
    expect(Math.abs(model.failure_share - 0.1)).toBeLessThan(0.02);
  });

  it('reaches the oldest record at the end', async () => {
    await view.page.evaluate(`document.querySelector('.tall-view').scrollTop = 1e9`);
    await view.page.getByText(`${records - 1}`.padStart(8, '0')).waitFor();
    expect(view.faults).toEqual([]);
  });
});
