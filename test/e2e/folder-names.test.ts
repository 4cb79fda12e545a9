/**
 * Goal: a start works whatever the names of its folders mean elsewhere: to Kafka, Java, a shell, a
 * URI or a list. Method: one start in which every folder has all such characters, with a broker of
 * its own and a proxy that nobody listens at.
 */
import { chmod, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { zipOf } from '#testing';
import { Installation } from './installation.ts';

const ugly = `a,b: ü日 "c" 'd' =#!%20?&$HOME;{e}[f]* `;
const proxy = 'http://127.0.0.1:1';

let parent: string;
let installation: Installation;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sendoff-names-'));
  // Functions of root run as other users, who pass it.
  await chmod(parent, 0o711);
  const [checkout, home] = [join(parent, ugly, 'checkout'), join(parent, ugly, 'home')];
  for (const folder of [checkout, home]) await mkdir(folder, { recursive: true });
  await cp('dist', join(checkout, 'dist'), { recursive: true });
  await cp('package.json', join(checkout, 'package.json'));
  await symlink(join(process.cwd(), 'node_modules'), join(checkout, 'node_modules'));
  await symlink(join(homedir(), '.cache'), join(home, '.cache'));
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  installation = await Installation.start({
    checkout,
    dataDir: join(parent, ugly, 'data'),
    env: {
      HOME: home,
      // Node lets a `*` stand for any characters, so it is refused.
      FUNCTION_DIR: join(parent, ugly.replace('*', ''), 'functions'),
      FUNCTION_ISOLATION: 'process',
      LC_ALL: 'C',
      NODE_USE_ENV_PROXY: '1',
      NO_PROXY: '',
      no_proxy: '',
      ...Object.fromEntries(names.map((name) => [name, proxy])),
    },
  });
});
afterAll(async () => {
  await installation?.stop();
  await rm(parent, { recursive: true, force: true, maxRetries: 10 });
});

it('folders with such names hold functions, inline and from a ZIP, and the records and logs of their invocations', async () => {
  const { client } = installation;
  const source = 'exports.handler = async (event) => { console.log("got", event.n); return event.n + 1; };';
  const zip = { code_type: 'zip', func_code: { file: zipOf({ 'index.js': source }).toString('base64') } };
  await client.createFunction('inline', source, { xrole: '' });
  await client.createFunction('zipped', source, { ...zip, xrole: '' });
  for (const name of ['inline', 'zipped']) {
    const requestId = await client.invoke(name, { n: 1 });
    expect(await client.ended(name, requestId)).toMatchObject({ status: 'SUCCESS' });
    const log = await client.must<{ logs: unknown[] }>('GET', `/sendoff/functions/${name}/logs?request_id=${requestId}`);
    expect(log.logs).toMatchObject([{ request_id: requestId, content: 'got 1', executor: 1 }]);
  }
});
