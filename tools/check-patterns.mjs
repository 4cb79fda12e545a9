/**
 * Checks that no regular expression of the product can take exponential or quadratic time on a
 * hostile text. `recheck` analyses each literal and tries to attack it.
 *
 * A pattern that is put together while the program runs cannot be checked, so it is refused.
 */
import { globSync, readFileSync } from 'node:fs';
import { check } from 'recheck';
import ts from 'typescript';

const timeoutMs = 30_000;
const patternsMin = Number(process.argv[3] ?? 40);
const folders = process.argv[2] ?? '{apps,libs,packages}';

/** Returns the regular expressions of a file, and the places that build one from text. */
function patternsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const where = `${file}:${line}`;
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) found.push({ where, text: node.text });
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp') found.push({ where });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const files = globSync(`${folders}/**/*.ts`)
  .filter((file) => !/\.(test|conformance)\.ts$|\/testing\//.test(file))
  .toSorted();

let faults = 0;
let patterns = 0;
for (const { where, text } of files.flatMap(patternsOf)) {
  patterns += 1;
  if (text === undefined) {
    faults += 1;
    console.error(`${where}: write the pattern as a literal, so that it can be checked`);
    continue;
  }
  const flagsAt = text.lastIndexOf('/') + 1;
  const { status, attack, complexity, error } = await check(text.slice(1, flagsAt - 1), text.slice(flagsAt), {
    timeout: timeoutMs,
  });
  if (status === 'safe') continue;
  faults += 1;
  const why = status === 'vulnerable' ? `${complexity.summary} time on ${attack.pattern}` : `not decided: ${error?.kind}`;
  console.error(`${where}: ${text}: ${why}`);
}
console.log(`patterns: ${patterns} checked, ${faults} faults`);
if (patterns < patternsMin) {
  console.error(`only ${patterns} patterns were seen, ${patternsMin} are expected at least: the check checks nothing`);
  process.exit(1);
}
process.exit(faults === 0 ? 0 : 1);
