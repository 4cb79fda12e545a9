import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodeFile } from '../code-archive.ts';
import { CommandFailure } from '../command-failure.ts';
import { findContext } from '../contexts.ts';
import type { Session } from '../session.ts';
import { deployOnce, watchSource } from './deploy.ts';

/**
 * Deploys each folder and each file of JavaScript in a folder as a function, and again when it
 * changes. Prints a line that calls the first of them.
 */
export async function dev(session: Session, folder: string): Promise<void> {
  const sources = await sourcesIn(folder);
  if (sources.length === 0) throw new CommandFailure('usage', `${folder} has no folder and no file of JavaScript`);
  const deployOf = async (source: string) => deployOnce(session, join(folder, source), {});
  const deployAll = async () => {
    const names: string[] = [];
    for (const source of sources) names.push(await deployOf(source));
    return names;
  };
  if (session.options.dryRun === true) return void (await deployAll());
  return watchSource(session, folder, {
    async first() {
      const [name = ''] = await deployAll();
      await showWays(session, name);
    },
    unitOf: (file) => file.split(/[/\\]/)[0] ?? '',
    async again(source) {
      if ((await sourcesIn(folder)).includes(source)) await deployOf(source);
    },
  });
}

/** Tells where the installation shows itself, and how to call a function. */
async function showWays({ options, surroundings }: Session, name: string): Promise<void> {
  const { note } = surroundings;
  const { url, projectId } = await findContext(surroundings, options.context);
  note(`Console: ${url}/`);
  note(`API and its document: ${url}/docs`);
  note(`Try: curl -H "X-Auth-Token: $TOKEN" ${url}/v2/${projectId}/fgs/functions/${name}/invocations -d '{}'`);
  note(`Or:  sendoff invoke ${name} '{}'`);
}

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new CommandFailure('usage', `${folder} is not a folder that can be read`);
  });
  return entries
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .filter((entry) => entry.isDirectory() || (entry.isFile() && isCodeFile(entry.name)))
    .map(({ name }) => name)
    .toSorted();
}
