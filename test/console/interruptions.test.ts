/**
 * Goal: an expired login, a late answer and a stopped server are each shown as what they are, and
 * nothing typed is lost.
 * Method: Debian's Chromium on a whole installation, which is stopped and started again. Routes of
 * the browser hold answers back, so that the order of events is certain.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { freePort } from '#broker';
import { eventually } from '#testing';
import { Installation } from '../e2e/installation.ts';
import { openWithin } from './all-pages.ts';
import { ConsolePage, lackOfBrowser, startBrowser, violationsOf } from './browser.ts';

const source = 'exports.handler = async (event) => event;';
const api = /\/v[23]\//;
const expired = { status: 401, json: { error_code: 'FSS.0401', error_msg: 'invalid token' } };

/** Pages that tell nothing of the server but what they ask it for when they open. */
const pages = [
  '/overview',
  '/functions',
  '/functions/default%3Aone/test',
  '/functions/default%3Aone/settings',
  '/invocations',
  '/ledger',
  '/delays',
  '/notices',
  '/targets',
  '/topics',
  '/buckets',
  '/buckets/results',
  '/streams',
  '/redrives',
  '/simulator',
  '/keys',
  '/agencies',
  '/audit',
];

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'the console, interrupted', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;
  const faults: string[] = [];

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-interrupted-'));
    const env = { SENDOFF_PORT: String(await freePort()) };
    [installation, browser] = await Promise.all([
      Installation.start({ brokers: inject('kafkaBrokers'), dataDir, env }),
      startBrowser(),
    ]);
    const { client } = installation;
    await client.must('PUT', '/sendoff/buckets/results', {});
    for (const name of ['one', 'two']) await client.createFunction(name, source);
  });
  beforeEach(async () => {
    view = await ConsolePage.open(browser, installation.url);
    const session = JSON.stringify({ credentials: { kind: 'token', token: 'e2e-token' }, project: 'p1' });
    await view.page.context().addInitScript(`sessionStorage.setItem('sendoff-session', ${JSON.stringify(session)})`);
  });
  afterEach(async () => {
    faults.push(...view.faults);
    await view.page.context().close();
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  /** Answers nothing that `path` names until the returned function is called. */
  async function heldBack(path: string, method: string): Promise<() => Promise<void>> {
    const held: Route[] = [];
    const hold = async (route: Route) => {
      if (route.request().method() === method) held.push(route);
      else await route.fallback();
    };
    await view.page.route(path, hold);
    return async () => {
      await Promise.all(held.map(async (route) => route.continue()));
      await view.page.unroute(path, hold);
    };
  }

  const field = (name: string) => view.page.getByRole('textbox', { name, exact: true });
  const editor = (name: string) => view.page.getByLabel(name, { exact: true });

  it.each<[form: string, path: string, open: string | undefined, field: () => Locator, typed: string, act: string]>([
    ['the code', '/functions/default%3Aone/code', undefined, () => editor('index.js'), `// kept\n${source}`, 'Save'],
    ['the settings', '/functions/default%3Aone/settings', undefined, () => field('Description'), 'kept', 'Save'],
    ['the policy', '/functions/default%3Aone/async-notification', 'Edit', () => field('Max. Retries'), '2', 'OK'],
    [
      'an event',
      '/functions/default%3Aone/test',
      undefined,
      () => editor('Event, a JSON object'),
      '{"kept": 1}',
      'Call and wait',
    ],
    ['a new function', '/functions', 'Create function', () => field('Name'), 'three', 'Create'],
    ['a new key', '/keys', 'Create key', () => field('Description'), 'kept', 'Create'],
    ['a new topic', '/topics', 'Create topic', () => field('Name'), 'kept', 'Create'],
  ])('keeps %s when the login expires, whatever is clicked meanwhile', async (_form, path, open, typedInto, typed, act) => {
    const { page } = view;
    await view.goTo(path);
    if (open !== undefined) await page.getByRole('button', { name: open, exact: true }).first().click();
    await typedInto().fill(typed);
    await page.route(api, async (route) => route.fulfill(expired));
    const acts = page.getByRole('button', { name: act, exact: true });
    await acts.last().click();
    const login = page.getByRole('dialog', { name: 'Your login is no longer valid' });
    await login.waitFor();
    // A click beside the dialog, or Escape, must not end the login: that would close the form.
    await page.mouse.click(5, 5);
    await page.keyboard.press('Escape');
    expect(await violationsOf(page)).toEqual([]);
    await page.unroute(api);
    await login.locator('input[type=password]').fill('e2e-token');
    await login.getByRole('button', { name: 'Log in', exact: true }).click();
    await login.waitFor({ state: 'detached' });
    expect(await typedInto().inputValue()).toBe(typed);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => ['POST', 'PUT'].includes(response.request().method())),
      acts.last().click(),
    ]);
    expect(answer.status()).toBeLessThan(300);
  });

  it.each<[form: string, path: string, request: string, field: () => Locator, first: string, later: string]>([
    ['the code', '/functions/default%3Atwo/code', '**/code', () => editor('index.js'), `// 1\n${source}`, `// 2\n${source}`],
    ['the settings', '/functions/default%3Atwo/settings', '**/config', () => field('Description'), 'one', 'two'],
  ])('keeps text of %s that was typed while the answer was on its way', async (_form, path, request, typedInto, first, later) => {
    const { page } = view;
    await view.goTo(path);
    await typedInto().fill(first);
    const release = await heldBack(request, 'PUT');
    await Promise.all([page.waitForRequest((sent) => sent.method() === 'PUT'), view.press('Save')]);
    await typedInto().fill(later);
    const [answer] = await Promise.all([page.waitForResponse((got) => got.request().method() === 'PUT'), release()]);
    await answer.finished();
    await page.getByRole('button', { name: 'Save' }).and(page.locator(':not([data-loading])')).waitFor();
    expect(await typedInto().inputValue()).toBe(later);
    await page.getByText('Not saved yet.').waitFor();
    await view.press('Save');
    await page.getByText('Not saved yet.').waitFor({ state: 'detached' });
    expect(await typedInto().inputValue()).toBe(later);
  });

  it('shows the code that was saved while it is read anew', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Atwo/code');
    const saved = `// 3\n${source}`;
    await editor('index.js').fill(saved);
    let release = async () => {};
    // Saving reads the code before it writes. Only the reading after that is held back.
    const holdReading = async (route: Route) => {
      if (route.request().method() === 'PUT') release = await heldBack('**/code', 'GET');
      await route.fallback();
    };
    await page.route('**/code', holdReading);
    await view.press('Save');
    await page.getByText('Saved. The next invocation runs the new code.').waitFor();
    expect(await editor('index.js').inputValue()).toBe(saved);
    await release();
    await page.unroute('**/code', holdReading);
  });

  it('stays at the page that the viewer went to while a function was made', async () => {
    const { page } = view;
    await view.goTo('/functions');
    await view.press('Create function');
    await field('Name').fill('four');
    const release = await heldBack('**/fgs/functions', 'POST');
    await Promise.all([page.waitForRequest((sent) => sent.method() === 'POST'), view.press('Create')]);
    await view.press('Cancel');
    await page.getByRole('link', { name: 'Topics' }).click();
    await page.getByRole('heading', { name: 'Topics', exact: true }).waitFor();
    const [answer] = await Promise.all([page.waitForResponse((got) => got.request().method() === 'POST'), release()]);
    await answer.finished();
    // The page acts on the answer within the frame that follows it.
    for (let frame = 0; frame < 3; frame += 1) await page.evaluate('new Promise(requestAnimationFrame)');
    expect(new URL(page.url()).pathname).toBe('/topics');
    await page.getByRole('link', { name: 'Functions', exact: true }).click();
    await page.getByRole('link', { name: 'four' }).waitFor();
  });

  it('shows with each answer the version that gave it, also when another is chosen meanwhile', async () => {
    const { page } = view;
    await installation.client.must('POST', '/fgs/functions/one/versions', { version: 'v1' });
    await view.goTo('/functions/default%3Aone/test');
    const release = await heldBack('**/invocations', 'POST');
    await Promise.all([page.waitForRequest((sent) => sent.method() === 'POST'), view.press('Call and wait')]);
    await view.choose('Version or alias', 'v1');
    const [answer] = await Promise.all([page.waitForResponse((got) => got.request().method() === 'POST'), release()]);
    await answer.finished();
    const called = page.getByRole('region', { name: 'The function succeeded' }).getByRole('definition').first();
    await called.getByText('latest').waitFor();
    await view.press('Call and wait');
    await called.getByText('v1').waitFor();
  });

  it('calls a function through an alias, at once and later', async () => {
    const { page } = view;
    const { client } = installation;
    await client.createFunction('aliased', 'exports.handler = async () => "first";');
    await client.must('POST', '/fgs/functions/aliased/versions', { version: 'v1' });
    await client.must('POST', '/fgs/functions/aliased/aliases', { name: 'stable', version: 'v1' });
    const code = Buffer.from('exports.handler = async () => "second";').toString('base64');
    await client.must('PUT', '/fgs/functions/aliased/code', { code_type: 'inline', func_code: { file: code } });
    await view.goTo('/functions/default%3Aaliased/test');
    await view.choose('Version or alias', '!stable');
    await view.press('Call and wait');
    await page.getByLabel('Answer').getByText('first').waitFor();
    await view.press('Call asynchronously');
    await page.getByRole('link', { name: /^Follow request/ }).click();
    await page.getByText('Settled: Success').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows the function of the address, also when the answer of the one before comes later', async () => {
    const { page } = view;
    await view.goTo('/functions');
    const release = await heldBack('**/functions/default%3Aone/code', 'GET');
    await page.getByRole('link', { name: 'one', exact: true }).click();
    await page.getByRole('status', { name: 'Loading' }).first().waitFor();
    await openWithin(page, '/functions/default%3Aaliased/code');
    await release();
    await page.getByLabel('index.js').waitFor();
    expect(await page.getByLabel('index.js').inputValue()).toContain('second');
  });

  it('says at each page that the server is away, and goes on by itself when it is back', async () => {
    const { page } = view;
    const { dataDir, topicPrefix, brokers, url } = installation;
    const tabs = await Promise.all(pages.map(async (path) => ({ path, tab: await page.context().newPage() })));
    for (const { path, tab } of tabs) {
      await tab.goto(url + path);
      await tab.getByRole('heading', { level: 1 }).waitFor();
    }
    await view.goTo('/functions/default%3Aone/code');
    await page.getByLabel('index.js').fill('// not lost');
    await installation.stop({ keepData: true });
    const said = async ({ path, tab }: (typeof tabs)[number]) => {
      await tab.bringToFront();
      await tab
        .getByText('The server is away')
        .first()
        .waitFor({ timeout: 30_000 })
        .catch(() => {
          throw new Error(`${path} does not say that the server is away`);
        });
      expect(await violationsOf(tab)).toEqual([]);
    };
    for (const each of tabs) await said(each);
    await said({ path: 'the edited page', tab: page });
    const env = { SENDOFF_PORT: new URL(url).port, KAFKA_TOPIC_PREFIX: topicPrefix };
    installation = await Installation.start({ brokers, dataDir, env });
    for (const { path, tab } of [...tabs, { path: 'the edited page', tab: page }]) {
      await tab
        .getByText('The server is away')
        .first()
        .waitFor({ state: 'detached', timeout: 30_000 })
        .catch(() => {
          throw new Error(`${path} does not go on by itself`);
        });
      expect(await tab.getByRole('heading', { level: 1 }).count()).toBe(1);
    }
    expect(await page.getByLabel('index.js').inputValue()).toBe('// not lost');
    await Promise.all(tabs.map(async ({ tab }) => tab.close()));
  }, 300_000);

  it('says that a page could not be loaded, and opens it when the server is back', async () => {
    const { page } = view;
    await page.route('**/assets/**-page-*', async (route) => route.abort());
    await view.page.goto(`${view.url}/functions`);
    await page.getByText('This page could not be loaded').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.unroute('**/assets/**-page-*');
    await page.getByRole('heading', { name: 'Functions', exact: true }).waitFor();
  });

  it('says that the console was updated when a page of its release is gone', async () => {
    const { page } = view;
    await page.route('**/assets/simulator-page*', async (route) => route.fulfill({ status: 404 }));
    await view.goTo('/functions');
    await page.route(`${view.url}/`, async (route) => route.fulfill({ contentType: 'text/html', body: '<title>newer</title>' }));
    await page.getByRole('link', { name: 'Simulator' }).click();
    await page.getByText('The console was updated').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.unroute('**/assets/simulator-page*');
    await page.unroute(`${view.url}/`);
    await view.press('Load anew');
    await page.getByRole('heading', { name: 'Simulator' }).waitFor();
  });

  it('loads all pages ahead, so that each opens while the server is away', async () => {
    const { page } = view;
    const files: string[] = [];
    page.on('response', (response) => files.push(new URL(response.url()).pathname));
    const isLoaded = (name: string) => files.some((file) => file.startsWith(`/assets/${name}-`));
    await view.goTo('/overview');
    await eventually(async () => isLoaded('simulator-page') && isLoaded('audit-page'));
    await page.route('**', async (route) => route.abort());
    for (const heading of ['Simulator', 'Audit log']) {
      await page.getByRole('link', { name: heading }).click();
      await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    }
    await page.getByText('The server is away').first().waitFor();
    await page.unroute('**');
    await page.getByText('The server is away').first().waitFor({ state: 'detached' });
  });

  it('runs without an error of a script, and breaks no rule for content', () => {
    expect(faults).toEqual([]);
  });
});
