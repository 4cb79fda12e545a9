/**
 * Goal: the console does in a browser what its pages say, for people with and without sight.
 * Method: Debian's Chromium on a whole installation. It clicks as a user does, and reads the
 * effects in a folder of objects. axe-core judges each page.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Installation } from '../e2e/installation.ts';
import { faultsOfPage, tabTo } from './all-pages.ts';
import { ConsolePage, lackOfBrowser, startBrowser, violationsOf } from './browser.ts';

const source = 'exports.handler = async (event) => { console.log("hi"); return { doubled: event.n * 2 }; };';
const destination = { destination: 'DIS', param: JSON.stringify({ stream_name: 'orders' }) };
const firstLoadBytesMax = 300_000;
const interactiveMsMax = 1_000;
/** Each kind of page. */
const paths = [
  '/overview',
  '/functions',
  '/functions/default%3Adouble/statistics',
  '/functions/default%3Adouble/control',
  '/invocations',
  '/ledger',
  '/delays',
  '/notices',
  '/targets',
  '/topics',
  `/topics/${encodeURIComponent('urn:smn:local:p1:alerts')}`,
  '/buckets',
  '/buckets/results',
  '/streams',
  '/streams/orders',
  '/redrives',
  '/simulator',
  '/keys',
  '/agencies',
  '/audit',
];

describe.skipIf(lackOfBrowser !== undefined)(lackOfBrowser ?? 'the console', () => {
  let installation: Installation;
  let browser: Browser;
  let view: ConsolePage;

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start({ brokers: inject('kafkaBrokers') }), startBrowser()]);
    await installation.client.must('PUT', '/sendoff/agencies/everything', {
      grants: ['OBS', 'DIS', 'SMN', 'FunctionGraph'].map((type) => ({ type, resource: type === 'OBS' ? 'results' : '*' })),
    });
    await installation.client.must('PUT', '/sendoff/buckets/results', {});
    await installation.client.must('PUT', '/sendoff/buckets/other', {});
    await installation.client.must('PUT', '/sendoff/streams/orders', {});
    await installation.client.must('POST', '/notifications/topics', { name: 'alerts' });
    await installation.client.createFunction('double', source);
    await installation.client.createFunction('audit', source);
    view = await ConsolePage.open(browser, installation.url);
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.stop();
  });

  it('is loaded with less than 300 KB, and runs scripts of files only', async () => {
    const { page } = view;
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    const response = await page.goto(view.url);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    expect(response?.headers()['content-security-policy']).toMatch(/script-src 'self';/);
    expect(response?.headers()['cache-control']).toBe('no-cache');
    await page.waitForLoadState('networkidle');
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(firstLoadBytesMax);
    expect(await violationsOf(page)).toEqual([]);
  });

  it('takes a login within a second of an empty cache', async () => {
    const loads: number[] = [];
    // Other work on the machine may slow a load down, so the fastest of several counts.
    for (let load = 0; load < 8 && Math.min(...loads) >= interactiveMsMax; load++) {
      const other = await ConsolePage.open(browser, installation.url);
      await other.page.goto(installation.url);
      await other.page.getByRole('button', { name: 'Log in' }).waitFor();
      loads.push(await other.page.evaluate(() => performance.now()));
      await other.page.context().close();
    }
    expect(Math.min(...loads)).toBeLessThan(interactiveMsMax);
  });

  it('refuses a wrong token in words, and opens the overview with the right one', async () => {
    await view.logInByToken('not-the-token');
    await view.page.getByRole('alert').getByText('These credentials are not valid here').waitFor();
    await view.logInByToken('e2e-token');
    await view.page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(await violationsOf(view.page)).toEqual([]);
    const stored = await view.page.evaluate(() => [
      localStorage.getItem('sendoff-session'),
      sessionStorage.getItem('sendoff-session'),
    ]);
    expect(stored).toEqual([null, expect.stringContaining('e2e-token')]);
  });

  it('takes a login by access key: the browser signs, and the secret is not sent', async () => {
    const key = await installation.client.must<{ access_key: string; secret_key: string }>('POST', '/sendoff/credentials', {
      description: 'console',
      rights: ['read'],
    });
    const other = await ConsolePage.open(browser, installation.url);
    const sent: string[] = [];
    other.page.on('request', (request) => sent.push(JSON.stringify([request.url(), request.headers(), request.postData()])));
    await other.goTo('/functions');
    await other.page.getByText('Access key', { exact: true }).click();
    await other.page.getByLabel('Access key').last().fill(key.access_key);
    await other.page.getByLabel('Secret').first().fill(key.secret_key);
    await other.press('Log in');
    await other.page.getByRole('link', { name: 'double' }).waitFor();
    expect(sent.some((request) => request.includes(`Access=${key.access_key}`))).toBe(true);
    expect(sent.filter((request) => request.includes(key.secret_key))).toEqual([]);
    await other.page.context().close();
  });

  it('configures the asynchronous notification by clicks, shows a refusal at its field, and a call fills the bucket', async () => {
    const { page } = view;
    await page.getByRole('link', { name: 'Functions' }).click();
    await page.getByRole('link', { name: 'double' }).click();
    await page.getByRole('tab', { name: 'Async Notification' }).click();
    await view.press('Enable LTS');
    await page.getByRole('button', { name: 'Enable LTS' }).waitFor({ state: 'detached' });
    await view.press('Edit');
    await page.getByLabel('Max. Retries').fill('2');
    await page.getByLabel('Max. Validity Period (s)').fill('600');
    await page.getByRole('switch', { name: 'Asynchronous Invocation Status Persistence' }).check();
    expect(await page.getByRole('combobox', { name: 'Log Group' }).inputValue()).toMatch(/^function-async-log-group/);
    await view.choose('Target Service', 'OBS: an object in a bucket', 'Success Notification');
    await view.choose('Target Bucket Directory', 'other', 'Success Notification');
    await page.getByLabel('Object Prefix Directory').fill('doubled');
    await page.getByLabel('Object Validity Period (Days)').fill('7');
    await view.choose('Target Service', 'FunctionGraph: another function', 'Failure Notification');
    await view.choose('Function Name', 'default:audit', 'Failure Notification');
    expect(await violationsOf(page)).toEqual([]);
    await view.press('OK');
    // The agency does not grant this bucket: the message stands at the field, and all else stays.
    const bucket = page.getByRole('combobox', { name: 'Target Bucket Directory' });
    await page.getByText('OBS other may not be used').waitFor();
    expect(await bucket.getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('Object Prefix Directory').inputValue()).toBe('doubled');
    await view.choose('Target Bucket Directory', 'results', 'Success Notification');
    await view.press('OK');
    await page.getByRole('button', { name: 'Edit' }).waitFor();
    const policy = await installation.client.must('GET', '/fgs/functions/double/async-invoke-config');
    expect(policy).toMatchObject({
      max_async_retry_attempts: 2,
      max_async_event_age_in_seconds: 600,
      enable_async_status_log: true,
      destination_config: {
        on_success: { destination: 'OBS', param: JSON.stringify({ bucket: 'results', prefix: 'doubled', expires: 7 }) },
        on_failure: { destination: 'FunctionGraph', param: expect.stringContaining(':default:audit:latest') },
      },
    });
    await page.getByRole('tab', { name: 'Test' }).click();
    await page.getByLabel('Event, a JSON object').fill('{"n": 21}');
    await view.press('Call asynchronously');
    await page.getByRole('link', { name: /^Follow request/ }).click();
    await page.getByText('Succeeded').waitFor();
    const folder = join(installation.dataDir, 'objects/results/doubled');
    const [file = ''] = await eventually(async () => {
      const files = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.json'));
      return files.length > 0 ? files : undefined;
    });
    expect(JSON.parse(await readFile(join(folder, file), 'utf8'))).toMatchObject({ response_payload: '{"doubled":42}' });
    await page.getByText('delivered', { exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows in the overview what happens while it is open, and that the ledger accounts for it', async () => {
    const { page } = view;
    await view.goTo('/overview');
    await page.getByText('Live', { exact: true }).waitFor();
    const { request_id: id } = await installation.client.must<{ request_id: string }>(
      'POST',
      '/fgs/functions/double/invocations-async',
      { n: 4 },
    );
    const changes = page.getByRole('group', { name: 'Changes of invocations' });
    await changes.locator(`a[href$="${id}"]`).first().waitFor();
    await changes.getByText('Succeeded').first().waitFor();
    await page.getByRole('img', { name: /^Ended invocations per minute/ }).waitFor();
    await page.getByRole('link', { name: 'Ledger' }).click();
    await page.getByRole('cell', { name: 'default:double' }).waitFor();
    await page.getByText('Every accepted invocation has ended or is in flight.').waitFor();
  });

  it('finds a failure by its error text, explains it, and runs it again with the payload whose secrets it hides', async () => {
    const { page } = view;
    const failing = 'exports.handler = async (event) => { if (event.broken) throw new Error(`no luck with ${event.n}`); };';
    await installation.client.createFunction('moody', failing);
    await view.goTo('/functions/default%3Amoody/test');
    await page.getByLabel('Event, a JSON object').fill('{"n": 17, "broken": true, "user": {"password": "hunter-2"}}');
    await view.press('Call asynchronously');
    await page.getByRole('link', { name: /^Follow request/ }).click();
    await page.getByText('Settled: UnhandledInvocationError').waitFor();
    await page.getByRole('link', { name: 'Invocations' }).first().click();
    await view.choose('Search by', 'Error text');
    await page.getByRole('textbox', { name: 'Text' }).fill('luck with 17');
    await view.press('Search');
    await page.getByRole('group', { name: 'Found invocations' }).getByRole('link').click();
    await page.getByText('It waits for nothing').waitFor();
    const payload = page.getByLabel('Payload').last();
    expect(await payload.textContent()).not.toContain('hunter-2');
    await page.getByRole('textbox', { name: 'Hidden paths' }).fill('n');
    expect(await payload.textContent()).toContain('hunter-2');
    expect(await payload.textContent()).not.toContain('17');
    expect(await violationsOf(page)).toEqual([]);
    const before = page.url();
    await view.press('Run again');
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Payload').textContent()).not.toContain('17');
    await dialog.getByRole('button', { name: 'Edit it, with all values shown' }).click();
    await dialog.getByLabel('Event, a JSON object').fill('{"n": 18}');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(page.url()).not.toBe(before);
    await page.getByText('Settled: Success').waitFor();
  });

  it('finds the invocations of all functions that have a tag', async () => {
    const { client } = installation;
    const { page } = view;
    const tagged = async (tag: string) => {
      const path = '/fgs/functions/double/invocations-async';
      const { body } = await client.call<{ request_id: string }>('POST', path, { n: 1 }, { 'x-sendoff-tags': tag });
      await client.ended('double', body.request_id);
      return body.request_id;
    };
    const [wanted] = await Promise.all([tagged('shop:7'), tagged('shop:8')]);
    await view.goTo('/invocations');
    await view.choose('Search by', 'Tag');
    await page.getByRole('textbox', { name: 'Text' }).fill('shop:7');
    await view.press('Search');
    const found = page.getByRole('group', { name: 'Found invocations' }).getByRole('link');
    await found.filter({ hasText: wanted }).waitFor();
    expect(await found.count()).toBe(1);
  });

  it('shows payloads of other callers, and runs a large one again from the store', async () => {
    const { client } = installation;
    const { page } = view;
    const small = await client.invoke('double', { order: 77 });
    await client.ended('double', small);
    await view.goTo(`/invocations/default%3Adouble/${small}`);
    await page.getByLabel('Payload').getByText('77').waitFor();
    await client.createFunction('echo', 'exports.handler = async (event) => event;');
    await client.setPolicy('echo', { destination_config: { on_success: destination } });
    const event = { text: 'x'.repeat(300_000) };
    const { payload_ref: reference } = await client.must<{ payload_ref: string }>(
      'POST',
      '/sendoff/functions/echo/payloads',
      event,
    );
    const headers = { 'x-sendoff-payload-ref': reference };
    const path = '/fgs/functions/echo/invocations-async';
    const { body } = await client.call<{ request_id: string }>('POST', path, '', headers);
    await client.ended('echo', body.request_id);
    await view.goTo(`/invocations/default%3Aecho/${body.request_id}`);
    for (const kind of ['payload', 'result']) {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Download the ${kind}` }).click(),
      ]);
      expect(JSON.parse(await readFile(await file.path(), 'utf8'))).toEqual(event);
    }
    expect(await violationsOf(page)).toEqual([]);
    await view.press('Run again');
    await page.getByText('still in the store').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('Settled: Success').waitFor();
  });

  it('starts a failed invocation again once its function is mended, and lists the act', async () => {
    const { client } = installation;
    const { page } = view;
    await client.createFunction('mended', 'exports.handler = async () => { throw new Error("not yet"); };');
    await client.setPolicy('mended', { max_async_retry_attempts: 0 });
    const requestId = await client.invoke('mended', { n: 5 });
    await client.ended('mended', requestId);
    await client.must('PUT', '/fgs/functions/mended/code', {
      code_type: 'inline',
      func_code: { file: Buffer.from(source).toString('base64') },
    });
    await view.goTo('/redrives?function=default%3Amended');
    await view.press('Count first');
    await page.getByText(/^1 would start/).waitFor();
    await view.press('Start them again');
    await page.getByText('1 of 1 started, 1 succeeded').waitFor();
    await page.getByText('ended', { exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await view.goTo('/audit');
    await page.getByRole('cell', { name: 'startRedrive' }).waitFor();
    await page.getByRole('textbox', { name: 'Act' }).fill('noSuchAct');
    await page.getByText('No act fits').waitFor();
  });

  it('sends an undelivered notice again once its target is back, and shows that it was delivered', async () => {
    const { client } = installation;
    const { page } = view;
    await client.must('PUT', '/sendoff/streams/missing', {});
    await client.createFunction('unheard', source);
    const missing = { destination: 'DIS', param: JSON.stringify({ stream_name: 'missing' }) };
    await client.setPolicy('unheard', { destination_config: { on_success: missing } });
    await client.must('DELETE', '/sendoff/streams/missing');
    const record = await client.delivered('unheard', await client.invoke('unheard', { n: 5 }));
    expect(record.deliveries).toMatchObject([{ state: 'undelivered' }]);
    await client.must('PUT', '/sendoff/streams/missing', {});
    await view.goTo('/redrives?of=undelivered&function=default%3Aunheard');
    await page.getByRole('textbox', { name: 'Start so many first' }).fill('1');
    await view.press('Count first');
    await page.getByText(/^1 would start/).waitFor();
    await view.press('Start them again');
    await page.getByText('1 of 1 started, 1 delivered').waitFor();
  });

  it('pauses a function, says what its invocation waits for, counts it and purges it', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Amoody/control');
    await view.press('Pause execution');
    await page.getByText('Paused', { exact: true }).waitFor();
    const { request_id: id } = await installation.client.must<{ request_id: string }>(
      'POST',
      '/fgs/functions/moody/invocations-async',
      { n: 1 },
    );
    await view.goTo(`/invocations/default%3Amoody/${id}`);
    await page
      .getByText(/paused/)
      .first()
      .waitFor();
    await page.route('**/explanation', async (route) => {
      const answer = await route.fetch();
      const { waits, ...told } = (await answer.json()) as { waits: { until?: string }[] };
      const unknown = waits.map(({ until: _known, ...wait }) => ({ ...wait, unknown_until: 'somebody resumes it' }));
      await route.fulfill({ response: answer, json: { ...told, waits: unknown } });
    });
    await page.reload();
    // It may wait for an executor too, which has not read it yet.
    await page.getByText('end is not known until somebody resumes it.').first().waitFor();
    await page.unroute('**/explanation');
    await view.goTo('/functions/default%3Amoody/control');
    await view.press('Count first');
    await page.getByText('1 waiting, 0 running').waitFor();
    await view.press('Purge them');
    await page.getByText('Purged: 1 waiting, 0 running').waitFor();
    await view.press('Resume execution');
    await page.getByRole('button', { name: 'Pause execution' }).waitFor();
    await view.goTo(`/invocations/default%3Amoody/${id}`);
    await page.getByText('Settled: InvocationCanceled').waitFor();
    await view.goTo('/functions/default%3Amoody/statistics');
    const table = page.getByRole('group', { name: 'Ended invocations per minute' });
    await page.getByText('Ended invocations per minute as a table').click();
    await eventually(async () => {
      await page.reload();
      await page.getByText('Ended invocations per minute as a table').click();
      const cancelled = await table.getByRole('row').locator('td:nth-child(4)').allInnerTexts();
      return cancelled.some((text) => text !== '0');
    });
  });

  it('is usable by keyboard alone: log in, open a function, change its policy', async () => {
    const { page } = await ConsolePage.open(browser, installation.url);
    await page.goto(`${installation.url}/functions`);
    await tabTo(page, page.locator('input[type=password]'));
    await page.keyboard.type('e2e-token');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'double' }).waitFor();
    await tabTo(page, page.getByRole('link', { name: 'double' }));
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Code' }).waitFor();
    await tabTo(page, page.getByRole('tab', { name: 'Code' }));
    await tabTo(page, page.getByRole('tab', { name: 'Async Notification' }), 'ArrowRight');
    await page.getByRole('button', { name: 'Edit' }).waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Edit' }));
    await page.keyboard.press('Enter');
    await page.getByLabel('Max. Retries').waitFor();
    await tabTo(page, page.getByLabel('Max. Retries'));
    await page.keyboard.type('3');
    await tabTo(page, page.getByRole('button', { name: 'OK', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Edit' }).waitFor();
    const policy = await installation.client.must('GET', '/fgs/functions/double/async-invoke-config');
    expect(policy).toMatchObject({ max_async_retry_attempts: 3, max_async_event_age_in_seconds: 600 });
    await page.context().close();
  });

  it('creates a topic, subscribes a function to it by clicks, and counts the subscriptions before it deletes it', async () => {
    const { page } = view;
    await view.goTo('/topics');
    await page.getByRole('button', { name: 'Create topic' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('night-shift');
    await view.press('Create');
    await page.getByRole('link', { name: 'night-shift' }).click();
    await view.press('Add subscription');
    await view.choose('Function', 'default:audit');
    await view.press('Subscribe');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('Confirmed').waitFor();
    await view.press('Delete');
    await page.getByText('Subscriptions that end with it: 1').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Topics', exact: true }).waitFor();
    const { topics } = await installation.client.must<{ topics: { name: string }[] }>('GET', '/notifications/topics');
    expect(topics.map(({ name }) => name)).toEqual(['alerts']);
  });

  it('shows the objects of a bucket, and the notices that wrote them', async () => {
    const { page } = view;
    await view.goTo('/buckets');
    await page.getByRole('link', { name: 'results' }).click();
    const objects = page.getByRole('group', { name: 'Objects' });
    await objects
      .getByRole('button', { name: /^doubled\/.*\.json$/ })
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'default:double' }).first().waitFor();
  });

  it('creates a key, and shows its secret once', async () => {
    const { page } = view;
    await view.goTo('/keys');
    await view.press('Create key');
    await page.getByRole('textbox', { name: 'Description' }).fill('<b>the web shop</b>');
    await view.press('Create');
    const secret = await page.getByRole('group', { name: 'Secret' }).innerText();
    expect(secret).toMatch(/^\S{32,}$/);
    expect(await violationsOf(page)).toEqual([]);
    await view.press('I have it');
    // Markup in a description is text.
    await page.getByText('<b>the web shop</b>').waitFor();
    expect(await page.content()).not.toContain(secret);
    const { credentials } = await installation.client.must<{ credentials: { description: string; rights: string[] }[] }>(
      'GET',
      '/sendoff/credentials',
    );
    expect(credentials.find(({ description }) => description.includes('shop'))?.rights).toEqual(['invoke', 'read']);
  });

  it('shows when a delayed invocation is due', async () => {
    const { page } = view;
    await installation.client.call('POST', '/fgs/functions/double/invocations-async', {}, { 'x-sendoff-delay-seconds': '900' });
    await view.goTo('/delays');
    await page.getByRole('img', { name: /^Invocations by due time/ }).waitFor();
    await page.getByRole('definition').filter({ hasText: '1' }).waitFor();
    expect(await page.getByRole('group', { name: 'Invocations by due time' }).getByRole('row').count()).toBe(2);
  });

  it('draws when the attempts of a policy fall, and at which load', async () => {
    const { page } = view;
    await view.goTo('/simulator');
    await page.getByRole('textbox', { name: 'Attempts that fail (%)' }).fill('100');
    await view.press('Simulate');
    await page.getByText('Attempt 4').waitFor();
    await page.getByText('1,000 (100 %)').waitFor();
    await page.getByRole('img', { name: /^Attempts over time/ }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it.each(paths)('breaks no rule of axe-core at %s, light and dark, and fits a phone', async (path) => {
    expect(await faultsOfPage(view.page, path)).toEqual([]);
  });

  it('keeps what was typed when the login expires, and goes on after a new one', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Adouble/code');
    await page.getByLabel('index.js').fill('exports.handler = async () => "kept";');
    await page.route('**/v2/**', async (route) =>
      route.fulfill({ status: 401, json: { error_code: 'FSS.0401', error_msg: 'invalid token' } }),
    );
    await view.press('Save');
    await page.getByRole('dialog', { name: 'Your login is no longer valid' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.unroute('**/v2/**');
    await view.logInByToken('e2e-token');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.getByLabel('index.js').inputValue()).toBe('exports.handler = async () => "kept";');
    await view.press('Save');
    await page.getByText('Saved.').waitFor();
  });

  it('says that a server is away, and that a function was deleted in another tab', async () => {
    const { page } = view;
    await view.goTo('/functions/default%3Aaudit/code');
    await page.getByLabel('index.js').fill('// kept');
    await page.route('**/v2/**', async (route) => route.abort());
    await view.press('Save');
    await page.getByText('The server is away or busy').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.getByLabel('index.js').inputValue()).toBe('// kept');
    await page.unroute('**/v2/**');
    await installation.client.call('DELETE', '/fgs/functions/double/async-invoke-config');
    await installation.client.must('DELETE', '/fgs/functions/audit');
    await view.press('Save');
    await page.getByText('This does not exist').first().waitFor();
    expect(await page.getByLabel('index.js').inputValue()).toBe('// kept');
  });

  it('answers a path that no page and no operation has with an error of the API', async () => {
    const answers = await Promise.all(['/nope', '/v2/p1/nope', '/assets/nope.js'].map(async (path) => fetch(view.url + path)));
    expect(answers.map(({ status }) => status)).toEqual([404, 401, 404]);
    for (const answer of answers) expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('runs without an error of a script, and breaks no rule for content', () => {
    expect(view.faults).toEqual([]);
  });
});
