/**
 * Goal: a viewer sees and changes the code of a function, whatever its form. Nothing typed is lost.
 * Method: Debian's Chromium on a whole installation.
 */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ZipFile } from 'yazl';
import { Installation } from '../e2e/installation.ts';
import { faultsOfPage } from './all-pages.ts';
import { ConsolePage, lackOfBrowser, startBrowser, violationsOf } from './browser.ts';

const source = 'exports.handler = async () => require("./lib/answer.js");\n';

async function archiveOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content as string), name);
  zip.end();
  return (await buffer(zip.outputStream)).toString('base64');
}

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'the pages of a function', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start({ brokers: inject('kafkaBrokers') }), startBrowser()]);
    const { client } = installation;
    await client.grantEverything();
    const file = await archiveOf({
      'main.js': source,
      'lib/answer.js': 'module.exports = 42;\n',
      'picture.png': Buffer.from([0x89, 0x50, 0, 255]),
      ...Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`lib/part-${number}.txt`, `part ${number}`])),
    });
    await client.createFunction('packed', '', { handler: 'main.handler', code_type: 'zip', func_code: { file } });
    await client.createFunction('inline', 'exports.handler = async (event) => event;');
    view = await ConsolePage.open(browser, installation.url);
    await view.goTo('/functions');
    await view.logInByToken('e2e-token');
    await view.page.getByRole('link', { name: 'packed' }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  const files = () => view.page.getByRole('group', { name: 'Files' });

  it('shows the files of an archive, that of the handler first', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Apacked/code');
    expect(await page.getByLabel('main.js').inputValue()).toBe(source);
    expect(await files().getByRole('row').count()).toBe(201);
    await page.getByText('200 of 303 files').waitFor();
    await page.getByLabel('Part of the name').fill('PART-299');
    await files().getByRole('button', { name: 'lib/part-299.txt' }).click();
    expect(await page.getByLabel('lib/part-299.txt').inputValue()).toBe('part 299');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('Part of the name').fill('picture');
    await files().getByRole('button', { name: 'picture.png' }).click();
    await page.getByText('This file holds no text.').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), view.press('Download this file')]);
    expect(await readFile(await file.path())).toEqual(Buffer.from([0x89, 0x50, 0, 255]));
  });

  it('changes files of the archive, and the function runs them', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Apacked/code');
    await files().getByRole('button', { name: 'lib/answer.js' }).click();
    await page.getByLabel('lib/answer.js').fill('module.exports = "größer";\n');
    await files().getByRole('button', { name: 'main.js' }).click();
    await page.getByLabel('main.js').fill(`// changed\n${source}`);
    await page.getByText('Not saved yet.').waitFor();
    await view.press('Save');
    await page.getByText('Saved.').waitFor();
    const { body } = await installation.client.call('POST', '/fgs/functions/packed/invocations', {});
    expect(body).toBe('größer');
    expect(await page.getByLabel('main.js').inputValue()).toBe(`// changed\n${source}`);
  });

  it('replaces no code that somebody else has replaced meanwhile', async () => {
    const { page } = view;
    for (const [name, file] of [
      ['packed', 'main.js'],
      ['inline', 'index.js'],
    ] as const) {
      await view.goTo(`/functions/default%3A${name}/code`);
      await page.getByLabel(file).fill('// mine');
      const code = Buffer.from(`// theirs, ${name}`).toString('base64');
      await installation.client.must('PUT', `/fgs/functions/${name}/code`, { code_type: 'inline', func_code: { file: code } });
      await view.press('Save');
      await page.getByText('Somebody changed this meanwhile').waitFor();
      expect(await page.getByLabel(file).inputValue()).toBe('// mine');
      expect(await violationsOf(page)).toEqual([]);
      await view.press('Discard changes');
    }
  });

  it('downloads inline code as its file', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Ainline/code');
    const [file] = await Promise.all([page.waitForEvent('download'), view.press('Download index.js')]);
    expect(file.suggestedFilename()).toBe('index.js');
    expect(await readFile(await file.path(), 'utf8')).toBe('// theirs, inline');
  });

  it('calls a version with tags and a key, and says where the event is no JSON', async () => {
    const { page } = view;
    const { client } = installation;
    await client.createFunction('called', 'exports.handler = async (event) => event;');
    await client.must('POST', '/fgs/functions/called/versions', { version: 'v1' });
    await view.goTo('/functions/default%3Acalled/test');
    const event = page.getByLabel('Event, a JSON object');
    await event.fill('{"n": 1');
    await view.press('Call asynchronously');
    await page.getByText('This is no JSON, line 1, column 8').waitFor();
    expect(await event.getAttribute('aria-invalid')).toBe('true');
    expect(await violationsOf(page)).toEqual([]);
    await event.fill('{"n": 1}');
    await view.choose('Version or alias', 'v1');
    await page.getByLabel('Tags').fill('shop:7,nightly');
    await page.getByLabel('Idempotency key').fill('order-7');
    const follow = page.getByRole('link', { name: /^Follow request/ });
    await view.press('Call asynchronously');
    const first = await follow.textContent();
    await page.getByRole('tab', { name: 'Code' }).click();
    await page.getByRole('tab', { name: 'Test' }).click();
    expect(await page.getByLabel('Idempotency key').inputValue()).toBe('order-7');
    await view.press('Call asynchronously');
    expect(await follow.textContent()).toBe(first);
    await follow.click();
    await page.getByText('nightly, shop:7').or(page.getByText('shop:7, nightly')).waitFor();
    await page.getByText('Settled: Success').waitFor();
    expect(await page.getByLabel('Changes of the invocation').innerText()).toMatch(/\d\d:\d\d\.\d{3}/);
    const facts = await page.getByRole('region', { name: 'Result' }).innerText();
    const [, id = ''] = /request (\S+)$/.exec(first ?? '') ?? [];
    await view.goTo('/invocations?function=default%3Acalled&version=v1');
    await page.getByRole('table', { name: 'Invocations' }).getByRole('link', { name: id }).waitFor();
    expect(facts).toMatch(/Duration\s+(?:\d+ ms|\d+\.\d{3} s)/);
  });

  it('changes the settings of a function, and keeps those that it does not show', async () => {
    const { page } = view;
    const kept = {
      app_xrole: 'everything',
      initializer_handler: 'index.begin',
      initializer_timeout: 7,
      enable_dynamic_memory: true,
    };
    await installation.client.createFunction('tuned', 'exports.handler = async () => 1; exports.begin = async () => 2;', kept);
    await view.goTo('/functions/default%3Atuned/settings');
    await page.getByLabel('Processes').fill('3');
    await page.getByLabel('Calls at once').fill('2');
    await page.getByLabel('Description').fill('tuned by hand');
    await view.press('Save');
    await page.getByText('Not saved yet.').waitFor({ state: 'detached' });
    expect(await installation.client.must('GET', '/fgs/functions/tuned/config')).toMatchObject({
      ...kept,
      description: 'tuned by hand',
      strategy_config: { concurrency: 3, concurrent_num: 2 },
    });
  });

  it.each([
    ['/functions/default%3Anope', 'No such function'],
    ['/functions/default%3Anope/test', 'No such function'],
    ['/topics/urn%3Asmn%3Alocal%3Ap1%3Anope', 'No such topic'],
    ['/buckets/nope', 'No such bucket'],
    ['/streams/nope', 'No such stream'],
    ['/invocations/default%3Ainline/0198c0de-1234-4abc-8def-0123456789ab', 'No such invocation'],
    ['/invocations/default%3Anope/nonsense', 'No such invocation'],
    ['/redrives/nope', 'No such redrive'],
    ['/nonsense/of/a/viewer', 'No such page'],
  ])('says at %s that it does not exist, and offers no act but the way out', async (path, heading) => {
    const { page } = view;
    expect(await faultsOfPage(page, path)).toEqual([]);
    await page.getByRole('heading', { name: heading }).waitFor();
    expect(await page.locator('main').getByRole('button').count()).toBe(0);
  });

  it.each([
    '/functions/default%3Ainline/test',
    '/functions/default%3Ainline/settings',
    '/functions/default%3Ainline/async-notification',
    '/functions/default%3Ainline/versions',
    '/functions/default%3Ainline/aliases',
    '/functions/default%3Apacked/code',
    '/functions/default%3Ainline/code',
  ])('breaks no rule of axe-core at %s, and fits a phone', async (path) => {
    expect(await faultsOfPage(view.page, path)).toEqual([]);
  });

  it('runs without an error of a script, and breaks no rule for content', () => {
    expect(view.faults).toEqual([]);
  });
});
