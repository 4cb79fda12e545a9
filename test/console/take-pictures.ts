/**
 * Takes the pictures of docs/console, of a whole installation with a broker of its own.
 * `npm run pictures` runs it. Arguments are names of pictures; without any it takes all.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs, { type SASLOptions } from 'kafkajs';
import { Installation } from '../e2e/installation.ts';
import { ConsolePage, startBrowser } from './browser.ts';

type Shoot = (view: ConsolePage) => Promise<void>;

const folder = 'docs/console';
const size = { width: 1_280, height: 760 };

const tall = { ...size, height: 1_200 };
const phone = { width: 360, height: 740 };

/** Opens a page that is higher than the others. */
const tallAt =
  (path: string): Shoot =>
  async (view) => {
    await view.page.setViewportSize(tall);
    await view.goTo(path);
  };

/** Opens the newest failed invocation of the function. */
async function openFailure(view: ConsolePage): Promise<void> {
  await view.page.setViewportSize(tall);
  await view.goTo('/invocations?function=default%3Acharge&status=FAIL');
  await view.page.getByRole('table', { name: 'Invocations' }).getByRole('link').first().click();
  await view.page.getByText('Settled: UnhandledInvocationError').waitFor();
  await view.page
    .getByText(/the payment provider is away/)
    .last()
    .waitFor();
}

/** Opens each page, in the state that its picture shows. */
const pictures: Readonly<Record<string, Shoot>> = {
  overview: async (view) => {
    await tallAt('/overview')(view);
    await view.page.getByRole('img', { name: /^Ended invocations per minute/ }).waitFor();
    await view.page.getByText('Live', { exact: true }).waitFor();
  },
  functions: async (view) => view.goTo('/functions'),
  'functions-phone': async (view) => {
    await view.page.setViewportSize(phone);
    await view.goTo('/functions');
  },
  function: async (view) => view.goTo('/functions/default%3Acharge/code'),
  statistics: async (view) => {
    await tallAt('/functions/default%3Areport/statistics')(view);
    await view.page.getByRole('img', { name: /^Duration of the last attempt/ }).waitFor();
  },
  'pause-and-purge': async (view) => view.goTo('/functions/default%3Acharge/control'),
  'async-notification': async (view) => {
    await tallAt('/functions/default%3Areport/async-notification')(view);
    await view.press('Edit');
    await view.page.getByLabel('Max. Retries').waitFor();
  },
  invocations: async (view) => view.goTo('/invocations?function=default%3Areport'),
  invocation: openFailure,
  delays: async (view) => {
    await view.goTo('/delays');
    await view.page.getByRole('img', { name: /^Invocations by due time/ }).waitFor();
  },
  notices: async (view) => view.goTo('/notices'),
  topics: async (view) => view.goTo('/topics'),
  topic: async (view) => {
    await view.goTo('/topics');
    await view.page.getByRole('link', { name: 'alerts' }).click();
    await view.page.getByRole('group', { name: 'Subscriptions' }).waitFor();
  },
  simulator: async (view) => {
    await tallAt('/simulator')(view);
    await view.press('Simulate');
    await view.page.getByRole('img', { name: /^Attempts over time/ }).waitFor();
  },
  keys: async (view) => {
    await view.page.emulateMedia({ colorScheme: 'dark' });
    await view.goTo('/keys');
  },
  agencies: async (view) => view.goTo('/agencies'),
  buckets: async (view) => view.goTo('/buckets'),
  bucket: async (view) => {
    await view.goTo('/buckets/results');
    await view.page.getByRole('group', { name: 'Objects' }).getByRole('button').first().waitFor();
  },
  object: async (view) => {
    await view.goTo('/buckets/results');
    await view.page
      .getByRole('group', { name: 'Objects' })
      .getByRole('button', { name: /\.json$/ })
      .first()
      .click();
    await view.page.getByRole('dialog').getByLabel('Object', { exact: true }).waitFor();
  },
  streams: async (view) => view.goTo('/streams'),
  stream: async (view) => {
    await view.goTo('/streams/orders');
    await view.page.getByRole('group', { name: 'Newest records' }).waitFor();
  },
  targets: async (view) => {
    await view.goTo('/targets');
    await view.page.getByRole('link', { name: 'OBS:results/reports' }).waitFor();
    await view.page
      .getByText(/ECONNREFUSED/)
      .first()
      .waitFor();
  },
  'target-test': async (view) => {
    await view.goTo('/targets');
    await view.press('Send a test notice to DIS:orders');
    await view.page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    await view.page.getByText('The target took the test notice.').waitFor();
  },
  redrives: async (view) => {
    await view.goTo('/redrives?function=default%3Acharge');
    await view.press('Count first');
    await view.page.getByText(/would start/).waitFor();
    await view.press('Start them again');
    await view.page.getByText('ended', { exact: true }).first().waitFor();
  },
  audit: async (view) => view.goTo('/audit'),
  ledger: async (view) => {
    await view.page.setViewportSize(tall);
    await view.goTo('/ledger');
    await view.page.getByRole('group', { name: 'Rejected records' }).getByText('the value is not JSON').waitFor();
  },
};

const report = 'exports.handler = async (event) => ({ report: event.report, lines: 12 });';
const fails = 'exports.handler = async () => { throw new Error("the payment provider is away"); };';
const charges = 'exports.handler = async (event) => ({ charged: event.order });';

/** Fills an installation as if people had used it. */
async function furnish({ client }: Installation): Promise<void> {
  await client.must('PUT', '/sendoff/agencies/results', {
    grants: ['OBS', 'DIS', 'SMN'].map((type) => ({ type, resource: '*' })),
  });
  for (const place of ['buckets/results', 'buckets/archive', 'streams/orders', 'streams/alerts'])
    await client.must('PUT', `/sendoff/${place}`, {});
  const targets = {
    report: { destination: 'OBS', param: JSON.stringify({ bucket: 'results', prefix: 'reports' }) },
    order: { destination: 'DIS', param: JSON.stringify({ stream_name: 'orders' }) },
  };
  for (const [name, on_success] of Object.entries(targets)) {
    await client.createFunction(name, report, { xrole: 'results' });
    await client.setPolicy(name, { destination_config: { on_success } });
    for (let number = 1; number <= 8; number += 1)
      await client.ended(name, await client.invoke(name, { report: `number ${number}` }));
  }
  await client.createFunction('charge', fails, { xrole: 'results' });
  const { topic_urn: topic } = await client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name: 'alerts' });
  // Nothing listens on the port, so one target fails.
  const endpoint = 'http://127.0.0.1:9/alerts';
  await client.must('POST', `/notifications/topics/${topic}/subscriptions`, { protocol: 'http', endpoint });
  const on_failure = { destination: 'SMN', param: JSON.stringify({ topic_urn: topic }) };
  await client.setPolicy('charge', { max_async_retry_attempts: 0, destination_config: { on_failure } });
  for (let order = 1; order <= 3; order += 1) await client.ended('charge', await client.invoke('charge', { order }));
  const file = Buffer.from(charges).toString('base64');
  await client.must('PUT', '/fgs/functions/charge/code', { code_type: 'inline', func_code: { file } });
  for (const minutes of [2, 5, 5, 9, 14]) {
    const delay = { 'x-sendoff-delay-seconds': String(minutes * 60) };
    await client.call('POST', '/fgs/functions/report/invocations-async', { report: 'later' }, delay);
  }
  await client.must('POST', '/sendoff/credentials', {
    description: 'the web shop',
    rights: ['invoke', 'read'],
    functions: ['order'],
  });
  await client.must('POST', '/sendoff/functions/report/pause', {});
  await client.must('POST', '/sendoff/functions/report/resume', {});
}

/** Writes records that the Kafka door refuses. */
async function beRefused({ dataDir }: Installation): Promise<void> {
  const running = JSON.parse(await readFile(join(dataDir, 'running.json'), 'utf8')) as {
    readonly kafkaBrokers: string[];
    readonly kafkaAccount: SASLOptions;
  };
  const { kafkaBrokers: brokers, kafkaAccount: sasl } = running;
  const producer = new kafkajs.Kafka({ brokers, sasl, logLevel: kafkajs.logLevel.NOTHING }).producer();
  await producer.connect();
  const records = [
    ['report', 'no JSON'],
    ['reports', '{}'],
    ['report', JSON.stringify({ report: 'long '.repeat(60_000) })],
  ] as const;
  const messages = records.map(([name, value]) => ({ value, headers: { 'sendoff-function': name } }));
  await producer.send({ topic: 'sendoff.intake', messages });
  await producer.disconnect();
}

const asked = process.argv.slice(2);
const names = asked.length === 0 ? Object.keys(pictures) : asked;
const unknown = names.filter((name) => !Object.hasOwn(pictures, name));
if (unknown.length > 0) throw new Error(`no picture is called ${unknown.join(', ')}: ${Object.keys(pictures).join(', ')}`);
const [installation, browser] = await Promise.all([
  Installation.start({ env: { KAFKA_TOPIC_PREFIX: 'sendoff.' } }),
  startBrowser(),
]);
try {
  await furnish(installation);
  await beRefused(installation);
  const view = await ConsolePage.open(browser, installation.url);
  await view.page.setViewportSize(size);
  await view.goTo('/overview');
  await view.logInByToken('e2e-token');
  await view.page.getByRole('heading', { name: 'Overview' }).waitFor();
  for (const name of names) {
    await pictures[name]?.(view);
    await view.page.screenshot({ path: join(folder, `${name}.png`) });
    await view.page.setViewportSize(size);
    await view.page.emulateMedia({ colorScheme: 'light' });
    process.stdout.write(`${name}\n`);
  }
} finally {
  await browser.close();
  await installation.stop();
}
