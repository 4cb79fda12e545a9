/**
 * Checks three of the rules for plain words in comments, in texts for people and in pages.
 *
 * - `opening`: a sentence starts with What, Whoever, Who, There or Where and is not a question.
 * - `long`: a sentence has more than 25 words. A code span, a link and a URL count as one word.
 * - `wide`: a line with a comment ends past column 100.
 *
 * The check is a ratchet. `words-allowed.json` holds the number of findings each folder may have.
 * The check fails if a folder has more.
 * `--update` writes today's numbers into that file, unless the sum of a kind has grown.
 * `--list [path]` prints the findings of all files whose path starts with `path`.
 * @see CONTRIBUTING.md for all ten rules
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { hashBlocks, linesOf, markdownBlocks } from './words-in-text.mjs';

const root = process.env.WORDS_ROOT ?? '.';
const filesMin = Number(process.env.WORDS_FILES_MIN ?? 300);
const allowedFile = join(root, 'tools/words-allowed.json');
const kinds = ['opening', 'long', 'wide'];
const wordsMax = 25;
const columnsMax = 100;
const tops = ['apps', 'libs', 'test', 'tools', 'docs', 'examples', 'docker', 'packages', '.ci'];
const notOurs = /(^|\/)(node_modules|dist|target|\.terraform|\.venv)\/|^apps\/console\/src\/api\/schema\.ts$/;

/** Reads source files. It loads TypeScript, which takes 0.3 s, only when the tree has one. */
const readSource = async (...args) => (await import('./words-in-source.mjs')).sourceBlocks(...args);

const readers = [
  [/\.(tsx?|mjs|cjs)$/, readSource],
  [/\.md$/, markdownBlocks],
  [/(Dockerfile|\.ya?ml|\.sh|\.py|\.tf|(^|\/)\.ci\/[^/]+)$/, hashBlocks],
];

const readerOf = (file) => readers.find(([pattern]) => pattern.test(file))?.[1];

function filesOf() {
  const inTops = tops
    .filter((top) => existsSync(join(root, top)))
    .flatMap((top) => readdirSync(join(root, top), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const atRoot = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  return [...inTops, ...atRoot].filter((file) => !notOurs.test(file) && readerOf(file));
}

/** The folder a finding counts for: `apps/x`, `libs/x`, or the first folder of the path. */
function folderOf(file) {
  const [first, second] = file.split('/');
  if (second === undefined) return '.';
  return first === 'apps' || first === 'libs' ? `${first}/${second}` : first;
}

/** Splits text into sentences, each with its offset. The period of `e.g.` ends no sentence. */
function sentencesOf(text) {
  const ends = /(?<!\b(?:e\.g|i\.e|vs|cf|etc))[.!?]["'”)\]*_]*\s+(?=["'“([*_]*[A-Z0-9§])/g;
  const sentences = [];
  let start = 0;
  for (const { index, 0: end } of text.matchAll(ends)) {
    sentences.push({ start, text: text.slice(start, index + end.length).trim() });
    start = index + end.length;
  }
  return [...sentences, { start, text: text.slice(start).trim() }];
}

/** Replaces each code span, image and URL by one capital letter, and keeps its line feeds. */
function masked(text) {
  const letter = (span) => `X${'\n'.repeat(span.split('\n').length - 1)}`;
  return text
    .replaceAll(/!\[[^\]]*\]\([^)]*\)/g, letter)
    .replaceAll(/`+[^`]+`+/g, letter)
    .replaceAll(/\{@link\s+([^}]+)\}/g, letter)
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/https?:\/\/[^\s)>"']+[^\s)>"'.,;:]/g, letter)
    .replaceAll('...', '…');
}

async function findingsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const { blocks, commentLines } = await readerOf(file)(text, file);
  const findings = [];
  for (const block of blocks) {
    const plain = masked(block.text);
    for (const sentence of sentencesOf(plain)) {
      const line = block.line + linesOf(plain.slice(0, sentence.start));
      const said = sentence.text.replaceAll(/\s+/g, ' ');
      const opening = new RegExp(String.raw`^["'“([*_]*(What|Whoever|Who|There|Where)\b`, block.isText ? 'i' : '').test(said);
      if (opening && !/\?["'”)*_]*$/.test(said)) findings.push({ kind: 'opening', file, line, said });
      const words = said.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
      if (words > wordsMax) findings.push({ kind: 'long', file, line, said: `${words} words: ${said}` });
    }
  }
  const lines = text.split('\n');
  for (const line of commentLines) {
    const { length } = lines[line - 1].trimEnd();
    if (length > columnsMax) findings.push({ kind: 'wide', file, line, said: `${length} columns` });
  }
  return findings;
}

/** The limits; undefined if the file is missing. */
function readAllowed() {
  if (!existsSync(allowedFile)) return undefined;
  try {
    return JSON.parse(readFileSync(allowedFile, 'utf8'));
  } catch {
    console.error('words: tools/words-allowed.json is not JSON; after a conflict take one side and run --update');
    process.exit(1);
  }
}

/** The files that differ from the branch `main`; undefined if no file does, or without git. */
function changedFiles() {
  try {
    const base = execFileSync('git', ['merge-base', 'HEAD', 'main'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
    const names = execFileSync('git', ['diff', '--name-only', base], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
    return names === '' ? undefined : new Set(names.split('\n'));
  } catch {
    return undefined;
  }
}

const write = (counts) => {
  const rows = Object.entries(counts).map(
    ([folder, count]) =>
      `  ${JSON.stringify(folder)}: ${JSON.stringify(count)
        .replaceAll(/([:,])/g, '$1 ')
        .replace('{', '{ ')
        .replace('}', ' }')}`,
  );
  writeFileSync(allowedFile, `{\n${rows.join(',\n')}\n}\n`);
};

const print = (findings) => {
  for (const { kind, file, line, said } of findings) console.error(`${file}:${line}: ${kind}: ${said.slice(0, 160)}`);
};

const files = filesOf();
const findings = (await Promise.all(files.map(findingsOf))).flat();
const counts = {};
for (const folder of [...new Set(files.map(folderOf))].sort((one, other) => one.localeCompare(other)))
  counts[folder] = Object.fromEntries(
    kinds.map((kind) => [kind, findings.filter((finding) => finding.kind === kind && folderOf(finding.file) === folder).length]),
  );
const sumOf = (table, kind) => Object.values(table).reduce((sum, count) => sum + (count[kind] ?? 0), 0);
const allowed = readAllowed();

/** Prints the excess findings: those in files changed since `main` if any, else the first 40. */
function printExcess(folder, kind) {
  const all = findings.filter((finding) => finding.kind === kind && folderOf(finding.file) === folder);
  const changed = changedFiles();
  const inChanged = all.filter(({ file }) => changed?.has(file));
  print((inChanged.length > 0 ? inChanged : all).slice(0, 40));
}

function check() {
  let isOver = false;
  const lower = [];
  for (const [folder, count] of Object.entries(counts))
    for (const kind of kinds) {
      const limit = allowed?.[folder]?.[kind] ?? 0;
      if (count[kind] < limit) lower.push(`${folder} ${kind} ${limit} -> ${count[kind]}`);
      if (count[kind] <= limit) continue;
      isOver = true;
      printExcess(folder, kind);
      console.error(`words: ${folder} has ${count[kind]} findings of kind ${kind}, ${limit} are allowed`);
    }
  console.log(`words: ${files.length} files, ${kinds.map((kind) => `${sumOf(counts, kind)} ${kind}`).join(', ')}`);
  if (lower.length > 0) console.log(`words: fewer than allowed, --update lowers the limit: ${lower.join(', ')}`);
  if (isOver) console.error('words: rewrite a sentence, or run node tools/check-words.mjs --update if it only moved');
  return !isOver;
}

function update() {
  const grown = allowed === undefined ? [] : kinds.filter((kind) => sumOf(counts, kind) > sumOf(allowed, kind));
  for (const kind of grown)
    console.error(`words: ${sumOf(counts, kind)} findings of kind ${kind}, ${sumOf(allowed, kind)} are allowed in all`);
  if (grown.length === 0) write(counts);
  return grown.length === 0;
}

if (files.length < filesMin) {
  console.error(`words: only ${files.length} files were read, at least ${filesMin} are expected`);
  process.exit(1);
}
const [mode, path = ''] = process.argv.slice(2);
if (mode === '--list') print(findings.filter(({ file }) => file.startsWith(path)));
else process.exit((mode === '--update' ? update() : check()) ? 0 : 1);
