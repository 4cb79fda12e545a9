/** Finds out if a handler can see its callback, from its source text. */

interface Parameters {
  readonly count: number;
  readonly hasRest: boolean;
  readonly isArrow: boolean;
}

/**
 * Tells if a function can see its argument at a position, from 0. It can by a parameter. It may by
 * a rest parameter, by `arguments`, or by an `eval` that reads them. In doubt the answer is
 * `maybe`: for bound functions and proxies, which have no source text, and for texts that are hard
 * to read.
 */
export function canSeeArgument(fn: (...args: never[]) => unknown, position: number): 'yes' | 'no' | 'maybe' {
  if (fn.length > position) return 'yes';
  const text = Function.prototype.toString.call(fn);
  const parameters = parametersOf(text);
  if (parameters === undefined || parameters.hasRest) return 'maybe';
  if (parameters.count > position) return 'yes';
  // Identifiers may have Unicode escapes. An arrow function has no `arguments` of its own. The
  // words may also be in a text or in a comment.
  return !parameters.isArrow && /\b(?:arguments|eval)\b|\\u/.test(text) ? 'maybe' : 'no';
}

/** Returns undefined for a text that is hard to read. */
function parametersOf(text: string): Parameters | undefined {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) return undefined;
  let at = 0;
  for (; text[at] !== '('; at++) {
    at = afterSpace(text, at);
    if (text.startsWith('=>', at)) return { count: 1, hasRest: false, isArrow: true };
    if (at >= text.length || !/[\w$#*(]|[^\0-\x7f]/.test(text.charAt(at))) return undefined;
    if (text[at] === '(') break;
  }
  return listOf(text, at + 1);
}

/** Reads a parameter list from behind its opening parenthesis. */
function listOf(text: string, start: number): Parameters | undefined {
  let [at, depth, count, isInParameter, hasRest] = [start, 1, 0, false, false];
  for (;;) {
    at = afterSpace(text, at);
    const char = text[at];
    if (char === undefined || char === '`' || char === '/') return undefined;
    if (')]}'.includes(char) && --depth === 0) break;
    if (depth === 1 && text.startsWith('...', at)) hasRest = true;
    if (depth === 1 && char === ',') [count, isInParameter] = [count + 1, false];
    else isInParameter = true;
    if ('([{'.includes(char)) depth++;
    at = char === '"' || char === "'" ? afterText(text, at) : at + 1;
  }
  return {
    count: count + (isInParameter ? 1 : 0),
    hasRest,
    isArrow: text.startsWith('=>', afterSpace(text, at + 1)),
  };
}

/** The position behind white space and comments. */
function afterSpace(text: string, start: number): number {
  let at = start;
  for (;;) {
    const before = at;
    while (/\s/.test(text.charAt(at))) at++;
    if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 2;
    if (text.startsWith('//', at)) while (at < text.length && !/[\n\r\u2028\u2029]/.test(text.charAt(at))) at++;
    if (at === before) return at;
  }
}

/** The position behind a text in quotes. */
function afterText(text: string, start: number): number {
  const quote = text[start];
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
