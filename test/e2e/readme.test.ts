/**
 * Goal: every command of the README and of the pages in docs/ works as it is printed.
 * Method: the blocks of each page run in order, in a folder with the data of an installation.
 * Only the port, the topic prefix and `npm run` differ from the printed text.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Installation } from './installation.ts';
import { blocksOf } from './page-blocks.ts';

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

/** Commands that other tests run: they install, build or test, or need Docker. */
const runElsewhere = new Map([
  ['README.md', ['npm ci && npm start', 'npm ci && npm test']],
  ['CONTRIBUTING.md', ['npm ci ']],
  ['docs/kafka-acls.md', ['PREFIX=sendoff.']],
  ['docs/containers.md', ['sh docker/make-env.sh', 'sh docker/pin-images.sh', 'docker build']],
  ['docs/isolation.md', ['apt-get install ']],
  ['docs/kubernetes.md', ['docker build', 'helm -n sendoff upgrade']],
  ['docs/operations.md', ['node dist/apps/ingress/src/main.js keys executor']],
]);

const isElsewhere = (page: string, text: string) => (runElsewhere.get(page) ?? []).some((start) => text.startsWith(start));

/** The blocks of a page that run here, with the address and the topics of this installation. */
async function blocks(page: string, language: string): Promise<readonly string[]> {
  // As npx runs it: by the file alone, which must be executable.
  const command = resolve('dist/apps/cli/src/main.js');
  return (await blocksOf(page))
    .filter((block) => block.language === language && !isElsewhere(page, block.text))
    .map(({ text }) =>
      text
        .replaceAll('http://127.0.0.1:8700', installation.url)
        .replaceAll('sendoff.intake', `${installation.topicPrefix}intake`)
        .replaceAll('npm run -s credentials --', `${command} keys`)
        .replaceAll('npx sendoff', command),
    );
}

/** Runs all shell blocks of a page in one shell. @returns the output. */
async function runShell(page: string): Promise<string> {
  const shell = await blocks(page, 'sh');
  expect(shell.length).toBeGreaterThan(0);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', shell.join('\n')], {
    cwd: folder,
    // Contexts that a developer has stored would win over the installation of this test.
    env: { ...process.env, XDG_CONFIG_HOME: folder },
  });
  expect(stdout).not.toContain('error_code":"');
  return stdout;
}

/** Runs the only JavaScript block of a page. @returns the output. */
async function runScript(page: string): Promise<string> {
  const [source = '', ...more] = await blocks(page, 'js');
  expect(more).toEqual([]);
  await writeFile(join(folder, 'script.mjs'), source);
  return (await run(process.execPath, ['script.mjs'], { cwd: folder })).stdout;
}

const succeeded = async (functionName: string, count: number) =>
  eventually(async () => {
    const records = await installation.client.records(functionName);
    return records.filter(({ status }) => status === 'SUCCESS').length >= count ? records : undefined;
  });

describe('the commands of a page work as they are printed:', () => {
  it('the README creates a function and invokes it', async () => {
    await runShell('README.md');
    expect(await succeeded('hello', 1)).toHaveLength(1);
  });

  it('invocations.md invokes, retries, lists, calls and cancels', async () => {
    expect(await runShell('docs/invocations.md')).toContain('HTTP/1.1 200');
    const records = await succeeded('hello', 2);
    expect(records.map(({ error_code: code }) => code)).toContain(4208);
  });

  it('kafka.md invokes the function from a producer', async () => {
    const before = (await installation.client.records('hello')).length;
    await runScript('docs/kafka.md');
    await eventually(async () => (await installation.client.records('hello')).length === before + 1);
  });

  it('functions.md uploads a ZIP and invokes an alias', async () => {
    await runShell('docs/functions.md');
    expect(await succeeded('p1:default:hello:!prod', 1)).toHaveLength(1);
  });

  it('notifications.md delivers to a bucket and publishes to a topic', async () => {
    const before = (await installation.client.records('hello')).length;
    await runShell('docs/notifications.md');
    await eventually(async () => {
      const records = await installation.client.records('hello');
      const delivered = records.flatMap(({ deliveries }) => deliveries).filter(({ state }) => state === 'delivered');
      return records.length === before + 2 && delivered.length === 2;
    });
  });

  it('access.md lists functions by the SDK, and creates, rotates and deletes a key', async () => {
    expect(await runScript('docs/access.md')).toMatch(/func_name: 'hello'/);
    expect(await runShell('docs/access.md')).toContain('is deleted');
  });

  it('command-line.md deploys a function, runs it, and shows its record and log', async () => {
    const printed = await runShell('docs/command-line.md');
    expect(printed).toMatch(/^greet is created: 1 file, \d+ bytes\nhello world\n/m);
    expect(printed).toMatch(/ SUCCESS [\s\S]* greeting$/m);
  });

  it('ledger.md counts the invocations of that function', async () => {
    expect(await runShell('docs/ledger.md')).toContain('greet');
  });

  it('steering.md pauses, resumes and purges that function', async () => {
    expect(await runShell('docs/steering.md')).toContain('greet');
  });
});

it('every block of commands runs here, or only installs, tests or needs Docker', async () => {
  const docs = (await readdir('docs')).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`);
  const here = [
    'README.md',
    'docs/invocations.md',
    'docs/kafka.md',
    'docs/functions.md',
    'docs/notifications.md',
    'docs/access.md',
    'docs/command-line.md',
    'docs/ledger.md',
    'docs/steering.md',
  ];
  const pages = await Promise.all(
    ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', ...docs].map(async (page) => ({ page, blocks: await blocksOf(page) })),
  );
  const forgotten = pages.flatMap(({ page, blocks: all }) =>
    all
      .filter(({ language, text }) => ['sh', 'js'].includes(language) && !here.includes(page) && !isElsewhere(page, text))
      .map(({ text }) => `${page}: ${text}`),
  );
  expect(forgotten).toEqual([]);
});
