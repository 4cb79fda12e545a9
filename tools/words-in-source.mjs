/** Extracts prose from TypeScript and JavaScript: comments and texts that people read. */
import ts from 'typescript';
import { joined, linesOf } from './words-in-text.mjs';

/** Properties whose texts reach readers of the API, of the docs or of the metrics. */
const textProperties = new Set(['summary', 'description', 'help', 'meaning']);
/** Classes and functions whose texts reach callers or operators. */
const textCalls = new Set(['ApiError', 'PlatformError', 'gaugeOf', 'debug', 'info', 'warn', 'error', 'fatal']);
/** Comments that speak to tools. */
const directive = /^\s*(oxlint-|eslint-|biome-|prettier-|@ts-|#region|#endregion|<reference|Stryker |v8 |c8 )/;

/** The text of a literal, with `X` for each inserted value. Returns undefined for other nodes. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join('');
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const parts = [textOf(node.left), textOf(node.right)];
    return parts.every((part) => part === undefined) ? undefined : parts.map((part) => part ?? 'X').join('');
  }
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  return undefined;
}

const calledName = ({ expression }) =>
  ts.isIdentifier(expression) ? expression.text : ts.isPropertyAccessExpression(expression) ? expression.name.text : '';

/** Finds texts, and the ranges of literals: a `//` inside a literal starts no comment. */
function walked(source) {
  const texts = [];
  const literals = [];
  const add = (node) => {
    const text = textOf(node);
    if (text?.includes(' '))
      texts.push({ isText: true, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, text });
  };
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node) || ts.isTemplateLiteralToken?.(node))
      literals.push([node.getStart(source), node.end]);
    if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) literals.push([node.getStart(source), node.end]);
    if (ts.isPropertyAssignment(node) && textProperties.has(node.name.getText(source))) add(node.initializer);
    if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && textCalls.has(calledName(node))) node.arguments?.forEach(add);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { texts, literals };
}

/** The comments of a file in order, each `{ start, end }`. */
function commentsOf(text, literals) {
  const ends = new Map(literals);
  const comments = [];
  for (let at = 0; at < text.length; at += 1) {
    const literalEnd = ends.get(at);
    if (literalEnd !== undefined) at = literalEnd - 1;
    else if (text.startsWith('//', at) || text.startsWith('/*', at)) {
      const isLine = text[at + 1] === '/';
      const found = text.indexOf(isLine ? '\n' : '*/', at + 2);
      const end = found < 0 ? text.length : found + (isLine ? 0 : 2);
      comments.push({ start: at, end });
      at = end - 1;
    }
  }
  return comments;
}

/** The lines of a comment without its marks. A JSDoc tag starts a block. `@see` is dropped. */
function proseOf(comment, firstLine) {
  const lines = [];
  let isLeftOut = false;
  let isFence = false;
  for (const [index, raw] of comment.split('\n').entries()) {
    const bare = raw
      .replace(/^\s*(\/\*\*?|\*(?!\/)|\/\/+)/, '')
      .replace(/\*\/\s*$/, '')
      .replace(/^ /, '');
    if (bare.trim().startsWith('```')) isFence = !isFence;
    // A tag may follow a sentence on the same line, so the line is cut before each tag.
    for (const part of bare.split(/(?<=^|\s)(?=@[a-z]+\b)/)) {
      const [tagged, tag] = /^@([a-z]+)\b\s*(?:\{[^}]*\}\s*)?/.exec(part) ?? [];
      if (tag !== undefined) {
        isLeftOut = !['returns', 'param', 'throws', 'deprecated', 'remarks'].includes(tag);
        lines.push(undefined);
      }
      const named = { param: /^\[?[\w.]+\]?(?:=\S+)?\s+(?:-\s+)?/, throws: /^\w+\s+/ }[tag];
      const text = tagged === undefined ? part : part.slice(tagged.length).replace(named ?? '', '');
      if (!isLeftOut && !isFence && !bare.trim().startsWith('```')) lines.push({ line: firstLine + index, text });
    }
    if (bare.trim() === '') isLeftOut = false;
  }
  return lines;
}

/** The prose of a source file, and the lines its comments are on. */
export function sourceBlocks(text, file) {
  const source = ts.createSourceFile(
    file,
    text,
    ts.ScriptTarget.Latest,
    false,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const { texts, literals } = walked(source);
  const blocks = [...texts];
  const commentLines = [];
  let lines = [];
  let lastEnd = -1;
  for (const { start, end } of commentsOf(text, literals)) {
    const comment = text.slice(start, end);
    const firstLine = source.getLineAndCharacterOfPosition(start).line + 1;
    for (let line = firstLine; line <= firstLine + linesOf(comment); line += 1)
      if (!/https?:\/\/\S{60,}/.test(comment)) commentLines.push(line);
    if (directive.test(comment.replace(/^\/[/*]+/, ''))) continue;
    // Line comments that follow one another are one text.
    const isNext = comment.startsWith('//') && lastEnd >= 0 && /^\n[ \t]*$/.test(text.slice(lastEnd, start));
    if (!isNext) lines.push(undefined);
    lines.push(...proseOf(comment, firstLine));
    lastEnd = comment.startsWith('//') ? end : -1;
  }
  blocks.push(...joined(lines));
  return { blocks, commentLines };
}
