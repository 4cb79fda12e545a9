/**
 * Goal: what the README tells a newcomer to type works as it stands there. Method: its blocks are cut out and run one after the other, in an
 * empty folder where an installation has its data, with nothing changed but the port.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Installation } from './installation.ts';

const run = promisify(execFile);
let installation: Installation;
let folder: string;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers'), env: { SENDOFF_PROJECT_ID: 'p1' } });
  folder = await mkdtemp(join(tmpdir(), 'sendoff-readme-'));
  await symlink(installation.dataDir, join(folder, '.sendoff'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
});
afterAll(async () => {
  await installation?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The blocks of one language in a section, with the address of this installation and its topics. */
async function blocks(section: string, language: string): Promise<readonly string[]> {
  const text = await readFile('README.md', 'utf8');
  const [, ofSection = ''] = text.split(`## ${section}\n`);
  const [own = ''] = ofSection.split(/^## /m);
  return [...own.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) =>
    block.replaceAll('http://127.0.0.1:8700', installation.url).replaceAll('sendoff.intake', `${installation.topicPrefix}intake`),
  );
}

async function script(name: string, source: string): Promise<string> {
  await writeFile(join(folder, name), source);
  return (await run(process.execPath, [name], { cwd: folder })).stdout;
}

it('the first invocation, with curl: made, invoked, answered, cancelled, published', async () => {
  const shell = await blocks('Your first invocation', 'sh');
  expect(shell).toHaveLength(4);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', shell.join('\n')], { cwd: folder });
  expect(stdout).not.toContain('error_code":"');
  const records = await eventually(async () => {
    const all = await installation.client.records('p1:default:hello:!prod');
    return all.length === 1 && all.every(({ status }) => status === 'SUCCESS') ? all : undefined;
  });
  expect(records).toHaveLength(1);
  const first = await eventually(async () => {
    const all = await installation.client.records('hello');
    return all.some(({ deliveries }) => deliveries.some(({ state }) => state === 'delivered')) ? all : undefined;
  });
  expect(first.map(({ error_code: code }) => code)).toContain(4208);
});

it('the same from a Kafka producer', async () => {
  const [source = ''] = await blocks('Your first invocation', 'js');
  const before = (await installation.client.records('hello')).length;
  await script('producer.mjs', source);
  await eventually(async () => (await installation.client.records('hello')).length === before + 1);
});

it('the official SDK', async () => {
  const [source = ''] = await blocks('Official SDKs and access keys', 'js');
  expect(await script('list.mjs', source)).toMatch(/func_name: 'hello'/);
});
