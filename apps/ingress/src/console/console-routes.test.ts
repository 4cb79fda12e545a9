/**
 * Goal: the ingress serves the console at the paths that its build names, and nowhere else. Method:
 * the routes over folders that a build could have written.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addConsole } from './console-routes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-console-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** Writes files as the build does. */
async function build(pages: string): Promise<void> {
  await mkdir(join(folder, 'assets'));
  for (const [name, text] of [
    ['index.html', '<p>start'],
    ['assets/a.js', '1'],
    ['pages.json', pages],
  ] as const)
    await writeFile(join(folder, name), text);
}

/** The statuses of paths; a path that has the start file is `start`. */
async function answersTo(...paths: readonly string[]): Promise<readonly (number | string)[]> {
  const server = fastify();
  await addConsole(server, folder);
  const answers = await Promise.all(paths.map(async (url) => server.inject({ url })));
  await server.close();
  return answers.map(({ statusCode, body }) => (body === '<p>start' ? 'start' : statusCode));
}

it('serves the start file at the root and at the pages of the build', async () => {
  await build('["overview","keys"]');
  expect(await answersTo('/', '/overview', '/overview/a/b', '/keys')).toEqual(['start', 'start', 'start', 'start']);
  expect(await answersTo('/assets/a.js', '/assets/b.js')).toEqual([200, 404]);
});

it('serves no other path, nor the list of pages', async () => {
  await build('["overview"]');
  expect(await answersTo('/keys', '/overviews', '/pages.json', '/index.html', '/assets/../pages.json')).toEqual(
    Array(5).fill(404),
  );
});

it('shows a browser at a wrong address the console with the status of an error, and programs none', async () => {
  await build('["overview"]');
  const server = fastify();
  await addConsole(server, folder);
  const answer = async (method: 'GET' | 'POST', accept: string) => {
    const { statusCode, body, headers } = await server.inject({ method, url: '/nonsense', headers: { accept } });
    return [statusCode, body === '<p>start', headers['content-security-policy'] !== undefined];
  };
  expect(await answer('GET', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8')).toEqual([404, true, true]);
  expect(await answer('GET', '*/*')).toEqual([404, false, false]);
  expect(await answer('POST', 'text/html')).toEqual([404, false, false]);
  await server.close();
});

it('serves no page without a build', async () => {
  expect(await answersTo('/', '/overview', '/assets/a.js')).toEqual([404, 404, 404]);
});

it.each(['{}', '["a/b"]', '["*"]', '[1]', '[""]'])('does not start with the list of pages %s', async (pages) => {
  await build(pages);
  await expect(answersTo('/')).rejects.toThrow('is no list of pages');
});
