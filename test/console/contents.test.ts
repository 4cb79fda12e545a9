/**
 * Goal: the console shows what was written to buckets and streams, as text whatever it is, and
 * sends test notices. Method: Debian's Chromium on a whole installation. Files of the folder of
 * objects and records of Kafka stand for what functions and others wrote.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import kafkajs from 'kafkajs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Installation } from '../e2e/installation.ts';
import { ConsolePage, lackOfBrowser, startBrowser, violationsOf } from './browser.ts';

const source = 'exports.handler = async (event) => ({ doubled: event.n * 2, password: "hunter-2" });';
const markup = '<script>document.title = "taken"</script><img src=x onerror="document.title = 1">';

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'what the console shows of places', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;

  async function put(name: string, content: string | Buffer): Promise<void> {
    const file = join(installation.dataDir, 'objects', name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start({ brokers: inject('kafkaBrokers') }), startBrowser()]);
    const { client } = installation;
    const grants = ['OBS', 'DIS'].map((type) => ({ type, resource: '*' }));
    await client.must('PUT', '/sendoff/agencies/everything', { grants });
    for (const place of ['buckets/results', 'buckets/empty', 'streams/orders', 'streams/quiet'])
      await client.must('PUT', `/sendoff/${place}`, {});
    await client.createFunction('double', source);
    await client.setPolicy('double', {
      destination_config: {
        on_success: { destination: 'OBS', param: JSON.stringify({ bucket: 'results', prefix: 'doubled', expires: 7 }) },
      },
    });
    await client.createFunction('told', source);
    const on_success = { destination: 'DIS', param: JSON.stringify({ stream_name: 'orders' }) };
    await client.setPolicy('told', { destination_config: { on_success } });
    view = await ConsolePage.open(browser, installation.url);
    await view.goTo('/overview');
    await view.logInByToken('e2e-token');
    await view.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  const objectNamed = (name: RegExp | string) =>
    view.page.getByRole('group', { name: 'Objects' }).getByRole('button', { name, exact: true });

  it('lists the object of an invocation, and opens it', async () => {
    const { page } = view;
    const requestId = await installation.client.invoke('double', { n: 21 });
    await installation.client.ended('double', requestId);
    const key = new RegExp(`^doubled/\\d{4}/\\d\\d/\\d\\d/${requestId}\\.json$`);
    await view.goTo('/buckets/results');
    await eventually(
      async () => {
        await view.press('Refresh');
        return (await objectNamed(key).count()) > 0;
      },
      { deadlineMs: 30_000 },
    );
    await objectNamed(key).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Object', { exact: true }).getByText(requestId).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  it('filters by prefix and pages, the last key first', async () => {
    const { page } = view;
    for (let number = 0; number < 60; number += 1) await put(`results/many/${String(number).padStart(2, '0')}.json`, '{}');
    await view.goTo('/buckets/results');
    await page.getByRole('textbox', { name: 'Prefix of the key' }).fill('many/');
    await view.press('Filter');
    await objectNamed('many/59.json').waitFor();
    expect(await objectNamed('many/09.json').count()).toBe(0);
    expect(await objectNamed(/^doubled/).count()).toBe(0);
    await view.press('Show more objects');
    await objectNamed('many/00.json').waitFor();
    expect(page.url()).toContain('prefix=many%2F');
    await page.getByRole('textbox', { name: 'Prefix of the key' }).fill('nobody');
    await view.press('Filter');
    await page.getByText('No key begins with “nobody”.').waitFor();
  });

  it('shows markup as text, hides secrets, tells bytes that are no text, and cuts what is large', async () => {
    const { page } = view;
    await put('results/odd/page.html', markup);
    await put('results/odd/secret.json', '{"user":{"password":"hunter-2"}}');
    await put('results/odd/picture.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]));
    await put('results/odd/large.txt', 'long '.repeat(50_000));
    await view.goTo('/buckets/results?prefix=odd%2F');
    const shown = async (key: string, text: string | RegExp) => {
      await objectNamed(`odd/${key}`).click();
      await page.getByRole('dialog').getByText(text).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    };
    await shown('page.html', markup);
    expect(await page.title()).toMatch(/Sendoff$/);
    await shown('secret.json', /"password": "•••"/);
    expect(await page.content()).not.toContain('hunter-2');
    await shown('picture.png', 'This object holds no text');
    await shown('large.txt', /^These are the first 66 KB/);
  });

  it('downloads an object byte for byte', async () => {
    const { page } = view;
    const bytes = Buffer.from([0, 255, 10, 13, 195]);
    await put('results/odd/bytes', bytes);
    await view.goTo('/buckets/results?prefix=odd%2Fb');
    const [file] = await Promise.all([page.waitForEvent('download'), view.press('Download odd/bytes')]);
    expect(file.suggestedFilename()).toBe('bytes');
    expect(await readFile(await file.path())).toEqual(bytes);
  });

  it('says how to begin in an empty bucket, and that a stream has no topic yet', async () => {
    await view.goTo('/buckets/empty');
    await view.page.getByText('Nothing was written yet').waitFor();
    expect(await violationsOf(view.page)).toEqual([]);
    await view.goTo('/streams/quiet');
    await view.page.getByText('The topic does not exist yet').waitFor();
    expect(await violationsOf(view.page)).toEqual([]);
  });

  it('shows the newest records of a stream, and nothing of what others wrote there', async () => {
    const { page } = view;
    const { client, topicPrefix, brokers } = installation;
    const requestId = await client.invoke('told', { n: 4 });
    await client.ended('told', requestId);
    const records = page.getByRole('group', { name: 'Newest records' });
    await view.goTo('/streams/orders');
    await eventually(
      async () => {
        await view.press('Refresh');
        return (await records.getByRole('cell', { name: requestId, exact: true }).count()) > 0;
      },
      { deadlineMs: 30_000 },
    );
    await records.getByText('"doubled').or(records.getByText('doubled')).first().waitFor();
    const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic: `${topicPrefix}stream.orders`, messages: [{ key: 'k', value: 'of another program' }] });
    await producer.disconnect();
    await view.press('Refresh');
    await records.getByText('Another program wrote this record.').waitFor();
    expect(await page.content()).not.toContain('of another program');
    expect(await violationsOf(page)).toEqual([]);
  });

  it('sends a test notice to a target, and shows how it went', async () => {
    const { page } = view;
    await view.goTo('/targets');
    await view.press('Send a test notice to OBS:results/doubled');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await dialog.getByText('The target took the test notice.').waitFor();
    const [location = ''] = await dialog.getByText(/objects\/results\/doubled\//).allInnerTexts();
    const [, file = ''] = /file:\/\/(\S+)/.exec(location) ?? [];
    expect(await readFile(file, 'utf8')).toContain('"test":"target"');
    expect(await violationsOf(page)).toEqual([]);
  });

  it('hides a target that was removed and has no open notice, until the viewer asks for it', async () => {
    const { page } = view;
    const { client } = installation;
    await client.must('PUT', '/sendoff/streams/short', {});
    const on_success = { destination: 'DIS', param: JSON.stringify({ stream_name: 'short' }) };
    await client.createFunction('brief', source);
    await client.setPolicy('brief', { destination_config: { on_success } });
    await client.delivered('brief', await client.invoke('brief', { n: 1 }));
    await view.goTo('/targets');
    const target = page.getByRole('link', { name: 'DIS:short', exact: true });
    await target.waitFor();
    await client.must('DELETE', '/sendoff/streams/short');
    await target.waitFor({ state: 'detached' });
    await page.getByRole('switch', { name: /^Show 1 removed/ }).check();
    await page.getByRole('row').filter({ has: target }).getByText('Removed').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('runs without an error of a script, and breaks no rule for content', () => {
    expect(view.faults).toEqual([]);
  });
});
