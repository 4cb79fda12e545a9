/**
 * Goal: an empty installation says at each page how to begin. Each dialog can be read in dark
 * colours and on a narrow phone.
 * Method: Debian's Chromium on a whole installation, which is empty at first.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from '../e2e/installation.ts';
import { faultsOfPage, openWithin } from './all-pages.ts';
import { ConsolePage, lackOfBrowser, startBrowser, violationsOf } from './browser.ts';

const phone = { width: 360, height: 740 };
const desk = { width: 1_280, height: 900 };

/** Returns what axe-core finds in the open dialog in both schemes, and whether a phone cuts it. */
async function faultsOfDialog(page: Page): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await violationsOf(page)).map((violation) => `${colorScheme}: ${violation}`));
  }
  await page.setViewportSize(phone);
  const parts = page.getByRole('dialog').locator('button, input, textarea');
  for (const part of await parts.all()) {
    const box = await part.boundingBox();
    if (box !== null && (box.x < 0 || box.x + box.width > phone.width)) faults.push(`cut on a phone: ${String(part)}`);
  }
  await page.setViewportSize(desk);
  return faults;
}

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'the console, at first', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start({ brokers: inject('kafkaBrokers') }), startBrowser()]);
    view = await ConsolePage.open(browser, installation.url);
    await view.goTo('/overview');
    await view.logInByToken('e2e-token');
    await view.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  it.each<[path: string, title: string, wayOn: string]>([
    ['/functions', 'No function yet', 'Create function'],
    ['/overview', 'Begin with a function', 'Create a function'],
    ['/invocations', 'No function yet', 'Create a function'],
    ['/ledger', 'No invocation yet', 'Call a function'],
    ['/delays', 'Nothing waits for its time', 'Call a function'],
    ['/notices', 'No notice yet', 'function'],
    ['/targets', 'No notice was sent yet', 'function'],
    ['/topics', 'No topic yet', 'Create topic'],
    ['/buckets', 'No bucket yet', 'Create bucket'],
    ['/streams', 'No stream yet', 'Create stream'],
    ['/redrives', 'Nothing was started again yet', 'failed invocations'],
    ['/agencies', 'No agency yet', 'Create agency'],
    ['/audit', 'No act yet', 'function'],
  ])('says at %s how to begin: “%s”', async (path, title, wayOn) => {
    const { page } = view;
    expect(await faultsOfPage(page, path)).toEqual([]);
    const heading = page.getByRole('heading', { name: title, exact: true });
    await heading.waitFor();
    const state = page.locator('main div').filter({ has: heading }).last();
    const name = { name: wayOn, exact: true };
    expect(await state.getByRole('link', name).or(state.getByRole('button', name)).count()).toBe(1);
  });

  it.each<[path: string, act: string]>([
    ['/functions', 'Create function'],
    ['/topics', 'Create topic'],
    ['/buckets', 'Create bucket'],
    ['/streams', 'Create stream'],
    ['/keys', 'Create key'],
    ['/agencies', 'Create agency'],
  ])('shows the dialog at %s, “%s”, in dark colours and on a phone', async (path, act) => {
    const { page } = view;
    await openWithin(page, path);
    await page.getByRole('button', { name: act, exact: true }).first().click();
    await page.getByRole('dialog').waitFor();
    expect(await faultsOfDialog(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('shows the dialogs of a function, an invocation and a target in dark colours and on a phone', async () => {
    const { client } = installation;
    const { page } = view;
    await client.must('PUT', '/sendoff/streams/orders', {});
    const grants = [{ type: 'DIS', resource: '*' }];
    await client.must('PUT', '/sendoff/agencies/everything', { grants });
    await client.createFunction('first', 'exports.handler = async (event) => event;');
    const on_success = { destination: 'DIS', param: JSON.stringify({ stream_name: 'orders' }) };
    await client.setPolicy('first', { destination_config: { on_success } });
    const requestId = await client.invoke('first', { text: 'x'.repeat(400) });
    await client.delivered('first', requestId);
    const dialogs: readonly (readonly [path: string, act: string])[] = [
      ['/functions/default%3Afirst/code', 'Delete'],
      ['/functions/default%3Afirst/versions', 'Publish version'],
      ['/functions/default%3Afirst/aliases', 'Create alias'],
      [`/invocations/default%3Afirst/${requestId}`, 'Run again'],
      ['/targets', 'Send a test notice to DIS:orders'],
      ['/streams/orders', 'Delete'],
    ];
    const faults: string[] = [];
    for (const [path, act] of dialogs) {
      await openWithin(page, path);
      await page.getByRole('button', { name: act, exact: true }).first().click();
      await page.getByRole('dialog').getByRole('button').last().waitFor();
      faults.push(...(await faultsOfDialog(page)).map((fault) => `${path}, ${act}: ${fault}`));
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    expect(faults).toEqual([]);
  });

  it('runs without an error of a script, and breaks no rule for content', () => {
    expect(view.faults).toEqual([]);
  });
});
