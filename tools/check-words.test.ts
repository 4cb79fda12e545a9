/**
 * Goal: the check for plain words fires on planted mistakes only, and its limits only go down.
 * Method: the check runs on a temporary tree with planted sentences.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const program = resolve(import.meta.dirname, 'check-words.mjs');
const words = (count: number) => Array.from({ length: count }, () => 'word').join(' ');

let tree: string;
const makeTree = () => {
  tree = mkdtempSync(join(tmpdir(), 'sendoff-words-'));
};
const removeTree = () => rmSync(tree, { recursive: true, force: true });

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
}

function run(...args: string[]) {
  const env = { ...process.env, WORDS_ROOT: tree, WORDS_FILES_MIN: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: tree, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

/** A claim, the extension of a file, its text, and the findings in it as `line: kind`. */
type Case = readonly [claim: string, extension: string, text: string, found: readonly string[]];

const cases: readonly Case[] = [
  ['finds a comment that starts with What', 'ts', '/** What is kept. */\nexport const a = 1;\n', ['1: opening']],
  ['finds a later sentence on its own line', 'ts', '// Keeps it.\n// There is more.\nlet a;\n', ['2: opening']],
  ['finds a sentence of a page', 'md', '# Title\n\nOne. Whoever asks\nis answered.\n', ['3: opening']],
  ['finds an entry of a list', 'md', 'See:\n\n- One\n- Where it lies\n', ['4: opening']],
  ['finds a table cell', 'md', '| a | b |\n| --- | --- |\n| 1 | Who asks. |\n', ['3: opening']],
  ['finds a comment of a script', 'sh', '#!/bin/sh\n# What it does.\necho\n', ['2: opening']],
  ['finds the text of an error', 'ts', "throw new ApiError('FSS.0404', 'there is no such thing');\n", ['1: opening']],
  ['finds the text of an operation', 'ts', "const a = { summary: 'Who may call.' };\n", ['1: opening']],
  ['finds a sentence of 26 words', 'md', `${words(26)}.\n`, ['1: long']],
  ['finds a sentence of 26 words on two lines', 'ts', `/**\n * ${words(13)}\n * ${words(13)}.\n */\n`, ['2: long']],
  ['finds a tag after a sentence', 'ts', '/** Reads it. @returns Where it lies. */\n', ['1: opening']],
  ['finds a comment that ends in column 101', 'ts', `// ${'a'.repeat(98)}\n`, ['1: wide']],
  ['accepts a question', 'md', 'Where is it?\n', []],
  ['accepts code in a page', 'md', '```sh\n# What it does\n```\n', []],
  ['accepts generated text', 'md', '<!-- generated -->\nWhat is made.\n<!-- /generated -->\n', []],
  ['accepts a code span', 'md', '`There` is a word.\n', []],
  ['accepts a string with two slashes', 'ts', "const a = 'x // What is this';\nconst b = `y // What ${a} // There`;\n", []],
  ['accepts a regular expression with two slashes', 'ts', 'const a = /[/]// 2;\nconst b = /\\/\\/ There/;\n', []],
  ['accepts a sentence of 25 words', 'md', `${words(25)}.\n`, []],
  ['accepts two sentences of 20 words', 'md', `${words(20)}. W${words(20)}.\n`, []],
  ['accepts two list entries of 20 words', 'md', `- ${words(20)}\n- ${words(20)}\n`, []],
  ['counts a link by its text', 'md', `${words(24)} [x](https://a.example/${'b-'.repeat(40)}).\n`, []],
  ['accepts any text behind @see', 'ts', '/** Reads it. @see What the manual says */\n', []],
  ['accepts a comment that ends in column 100', 'ts', `// ${'a'.repeat(97)}\n`, []],
];

describe('the check for plain words', () => {
  let lines: readonly string[];
  beforeAll(() => {
    makeTree();
    for (const [index, [, extension, text]] of cases.entries()) plant(`docs/case${index}.${extension}`, text);
    lines = run('--list').stderr.split('\n');
    removeTree();
  });

  it.each(cases.map((each, index) => [...each, index] as const))('%s', (_claim, extension, _text, found, index) => {
    const own = `docs/case${index}.${extension}:`;
    const ofCase = lines.filter((line) => line.startsWith(own)).map((line) => line.split(':').slice(1, 3).join(':'));
    expect(ofCase).toEqual(found);
  });
});

describe('the limits of the check for plain words', () => {
  const allowed = () => JSON.parse(readFileSync(join(tree, 'tools/words-allowed.json'), 'utf8')) as Record<string, object>;
  beforeEach(() => {
    makeTree();
    mkdirSync(join(tree, 'tools'));
    plant('docs/a.md', 'What is it.\n\nWho is it.\n');
    expect(run('--update').status).toBe(0);
  });

  afterEach(removeTree);

  it('pass a tree that stays as it is', () => {
    expect(run().status).toBe(0);
    expect(allowed()).toEqual({ docs: { opening: 2, long: 0, wide: 0 } });
  });

  it('fail a tree with one finding more, and name it', () => {
    plant('docs/b.md', 'There is more.\n');
    const { status, stderr } = run();
    expect(status).toBe(1);
    expect(stderr).toContain('docs/b.md:1: opening: There is more.');
  });

  it('pass a tree with one finding less, and ask for a lower limit', () => {
    plant('docs/a.md', 'What is it.\n');
    const { status, stdout } = run();
    expect([status, stdout]).toEqual([0, expect.stringContaining('docs opening 2 -> 1')]);
  });

  it('go down with --update', () => {
    plant('docs/a.md', 'What is it.\n');
    run('--update');
    expect(allowed()).toEqual({ docs: { opening: 1, long: 0, wide: 0 } });
  });

  it('do not go up with --update', () => {
    plant('docs/b.md', 'There is more.\n');
    expect(run('--update').status).toBe(1);
    expect(allowed()).toEqual({ docs: { opening: 2, long: 0, wide: 0 } });
  });

  it('move with a text that moves to another folder', () => {
    plant('docs/a.md', 'What is it.\n');
    plant('libs/a/README.md', 'Who is it.\n');
    expect(run('--update').status).toBe(0);
    expect(allowed()).toMatchObject({ docs: { opening: 1 }, 'libs/a': { opening: 1 } });
  });

  it('fail a tree in which nothing was read', () => {
    rmSync(join(tree, 'docs'), { recursive: true });
    expect(run().stderr).toContain('only 0 files were read');
  });
});
