import { readFile } from 'node:fs/promises';

/**
 * The commands of a page below one of its headings, as blocks of `sh`.
 * @throws Error if there are none.
 */
export async function commandsOf(page: string, heading: string): Promise<readonly string[]> {
  const [, part] = (await readFile(page, 'utf8')).split(new RegExp(`^#+ ${heading}$`, 'm'));
  const [section = ''] = (part ?? '').split(/^#+ /m);
  const blocks = [...section.matchAll(/^( *)```sh\n([\s\S]*?)\n\1```$/gm)].map(([, indent = '', text = '']) =>
    text.replaceAll(`\n${indent}`, '\n'),
  );
  if (blocks.length === 0) throw new Error(`${page} has no commands below ${heading}`);
  return blocks;
}
