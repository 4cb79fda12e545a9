/**
 * Goal: a viewer selects what a redrive starts by each field of the API, and sees it before the
 * start. Lists of failures lead to it. Method: Debian's Chromium on a whole installation.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from '../e2e/installation.ts';
import { faultsOfPage } from './all-pages.ts';
import { ConsolePage, lackOfBrowser, startBrowser, violationsOf } from './browser.ts';

const moody = 'exports.handler = async ({ text }) => { throw new Error(text); };';
const late = 'exports.handler = async () => new Promise((resolve) => setTimeout(resolve, 30_000));';

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'the page of redrives', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;
  let lateId: string;

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start({ brokers: inject('kafkaBrokers') }), startBrowser()]);
    const { client } = installation;
    await client.grantEverything();
    await client.createFunction('moody', moody);
    await client.createFunction('late', late, { timeout: 3 });
    for (const name of ['moody', 'late']) await client.setPolicy(name, { max_async_retry_attempts: 0 });
    const ids = [];
    for (const text of ['no luck', 'no money', 'no money']) ids.push(await client.invoke('moody', { text }));
    lateId = await client.invoke('late');
    await Promise.all([...ids.map(async (id) => client.ended('moody', id)), client.ended('late', lateId)]);
    view = await ConsolePage.open(browser, installation.url);
    await view.goTo('/redrives');
    await view.logInByToken('e2e-token');
    await view.page.getByRole('heading', { name: 'Redrives' }).first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  const preview = () => view.page.getByRole('status', { name: 'Preview' });
  async function counts(text: string | RegExp): Promise<void> {
    await view.press('Count first');
    await preview().getByText(text).waitFor();
  }

  it('counts by condition, state, error text, time and limit, and links to the first ones', async () => {
    const { page } = view;
    await counts(/^4 would start/);
    await view.choose('Condition', 'InvocationTimeout');
    await counts(/^1 would start/);
    await preview().getByRole('link', { name: lateId }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    // A second choice of the same takes it back.
    await view.choose('Condition', 'InvocationTimeout');
    await view.choose('State', 'Discarded');
    await counts('Nothing fits.');
    expect(await page.getByRole('button', { name: 'Start them again' }).count()).toBe(0);
    await view.choose('State', 'Discarded');
    await page.getByRole('textbox', { name: 'Error text' }).fill('no money');
    await counts(/^2 would start/);
    await page.getByLabel('Accepted until').fill('2020-01-01T00:00');
    await counts('Nothing fits.');
    await page.getByLabel('Accepted until').fill('');
    await page.getByRole('textbox', { name: 'At most' }).fill('1');
    await counts(/^1 and more would start/);
  });

  it('keeps a count for the selection that was counted only', async () => {
    await counts(/would start/);
    await view.page.getByRole('textbox', { name: 'Error text' }).fill('no');
    await preview().waitFor({ state: 'detached' });
    expect(await view.page.getByRole('button', { name: 'Start them again' }).count()).toBe(0);
  });

  it('leads from a search for failures to their redrive, and starts those only', async () => {
    const { page } = view;
    await view.goTo('/invocations?function=default%3Amoody&by=error_text&text=no+luck');
    await page.getByRole('group', { name: 'Found invocations' }).getByRole('link').first().waitFor();
    await page.getByRole('link', { name: 'Start failed ones again' }).click();
    await page.getByRole('heading', { name: 'Redrives' }).first().waitFor();
    expect(await page.getByRole('textbox', { name: 'Error text' }).inputValue()).toBe('no luck');
    expect(await page.getByLabel('Accepted from').inputValue()).not.toBe('');
    await counts(/^1 would start/);
    await view.press('Start them again');
    const row = page.getByRole('group', { name: 'Redrives' }).getByRole('row').nth(1);
    await row.getByText('1 of 1 started, 0 succeeded, 1 failed').waitFor();
    await row.getByText('default:moody · no luck').waitFor();
    await row.getByRole('link').first().click();
    await page.getByRole('heading', { name: 'Redrive', exact: true }).waitFor();
    await page.getByText('1 of 1 started, 0 succeeded, 1 failed').waitFor();
    await page.getByText('default:moody · no luck').waitFor();
    expect(await faultsOfPage(page, new URL(page.url()).pathname)).toEqual([]);
    await view.goTo('/redrives?function=default%3Amoody&error=no+luck');
    await counts(/^\d would start/);
    await preview().getByText('Left out: 1 already-redriven.').waitFor();
  });

  it('starts an event of a removed function on its namesake only if its box is ticked', async () => {
    const { page } = view;
    const { client } = installation;
    await client.createFunction('twin', moody);
    await client.setPolicy('twin', { max_async_retry_attempts: 0 });
    await client.ended('twin', await client.invoke('twin', { text: 'of the first twin' }));
    await client.must('DELETE', '/fgs/functions/twin');
    await client.createFunction('twin', 'exports.handler = async () => 1;');
    await view.goTo('/redrives?function=default%3Atwin');
    await counts(/^0 would start/);
    await preview().getByText('Left out: 1 function-made-anew.').waitFor();
    expect(await page.getByRole('button', { name: 'Start them again' }).count()).toBe(0);
    const box = page.getByRole('checkbox', { name: 'Also events of removed functions' });
    await box.click();
    expect(await box.isChecked()).toBe(true);
    await preview().waitFor({ state: 'detached' });
    await counts(/^1 would start/);
    expect(await violationsOf(page)).toEqual([]);
    await view.press('Start them again');
    const row = page.getByRole('group', { name: 'Redrives' }).getByRole('row').nth(1);
    await row.getByText('default:twin · also made anew').waitFor();
    await row.getByText('1 of 1 started, 1 succeeded').waitFor();
  });

  it('selects undelivered notices by target, and says that messages are not counted', async () => {
    const { page } = view;
    const { client } = installation;
    await client.createFunction('heard', 'exports.handler = async () => 1;');
    await client.must('PUT', '/sendoff/streams/gone', {});
    const on_success = { destination: 'DIS', param: JSON.stringify({ stream_name: 'gone' }) };
    await client.setPolicy('heard', { destination_config: { on_success } });
    await client.must('DELETE', '/sendoff/streams/gone');
    await client.delivered('heard', await client.invoke('heard'));
    await view.goTo('/notices?state=undelivered&target=DIS%3Agone');
    await page.getByRole('link', { name: 'Start undelivered ones again' }).click();
    expect(await page.getByRole('combobox', { name: 'Target' }).or(page.getByLabel('Target')).first().inputValue()).toBe(
      'DIS:gone',
    );
    await counts(/^1 would start/);
    await preview().getByText('They are not counted').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it.each(['/redrives', '/redrives?of=undelivered'])('breaks no rule of axe-core at %s, and fits a phone', async (path) => {
    expect(await faultsOfPage(view.page, path)).toEqual([]);
  });

  it('runs without an error of a script, and breaks no rule for content', () => {
    expect(view.faults).toEqual([]);
  });
});
