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
  const names: string[] = [];
  for (const source of sources) names.push(await deployOnce(session, join(folder, source), {}));
  if (session.options.dryRun === true) return;
  const { url, projectId } = await findContext(session.surroundings, session.options.context);
  const { note } = session.surroundings;
  note(`Console: ${url}/`);
  note(`API and its document: ${url}/docs`);
  note(`Try: curl -H "X-Auth-Token: $TOKEN" ${url}/v2/${projectId}/fgs/functions/${names[0] ?? ''}/invocations -d '{}'`);
  note(`Or:  sendoff invoke ${names[0] ?? ''} '{}'`);
  note(`watching ${folder}; Ctrl-C ends`);
  await watchSource(session, folder, async (file) => {
    const [source = ''] = file.split(/[/\\]/);
    const current = await sourcesIn(folder);
    if (current.includes(source)) await deployOnce(session, join(folder, source), {});
  });
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
