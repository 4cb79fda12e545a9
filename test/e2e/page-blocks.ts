import { readFile } from 'node:fs/promises';

/** A fenced code block of a page. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The code blocks of a Markdown page in order. A block without a language has an empty one. */
export async function blocksOf(page: string): Promise<readonly Block[]> {
  const text = await readFile(page, 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', block = '']) => ({ language, text: block }));
}
