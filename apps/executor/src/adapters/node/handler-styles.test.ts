/**
 * Goal: an answer is the callback's, or the promise's, or the returned value of a handler that
 * cannot call back. Method: real processes, one handler for each way to write it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionDocument } from '#contracts';
import { openNodeFunctions, withSource } from '../../../testing/node-functions.ts';

let under: Awaited<ReturnType<typeof openNodeFunctions>>;
beforeAll(async () => {
  under = await openNodeFunctions({ instancesMax: 8 });
});
afterAll(async () => under.close());

let count = 0;
const run = async (source: string, given: Partial<FunctionDocument> = {}, timeoutMs = 8_000) => {
  const fn = withSource(source, { urn: `urn:fss:local:p1:function:default:f${count++}:latest`, instancesMax: 1, ...given });
  const outcome = await under.run(fn, { n: 5 }, { timeoutMs });
  return 'responsePayload' in outcome && outcome.kind === 'succeeded' ? String(outcome.responsePayload) : outcome;
};
const reported = { kind: 'failed', condition: 'HandledInvocationError', errorMessage: 'no' };

describe('a handler with a callback', () => {
  it.each([
    '(event, context, callback) => setTimeout(() => callback(new Error("no")), 100)',
    '(...args) => setTimeout(() => args[2](new Error("no")), 100)',
    '(event, ...rest) => { setTimeout(() => rest[1](new Error("no")), 100); }',
    '(event, context = {}, callback = null) => { setTimeout(() => callback(new Error("no")), 100); }',
    '(event, { signal } = {}, callback) => setTimeout(() => callback(new Error("no")), 100)',
    '(event, context /* a ) in a comment */, callback) => 5 && setTimeout(() => callback(new Error("no")), 100)',
    '({ a = ")", b = `}${1}` }, context, callback) => setTimeout(() => callback(new Error("no")), 100)',
    'function () { const done = arguments[2]; setTimeout(() => done(new Error("no")), 100); return 1; }',
    'function (event) { eval("var done = argum" + "ents[2]"); setTimeout(() => done(new Error("no")), 100); return 1; }',
    '((event, context, callback) => { setTimeout(() => callback(new Error("no")), 100); return true; }).bind(null)',
    'new Proxy((event, context, callback) => { setTimeout(() => callback(new Error("no")), 100); return true; }, {})',
    '(...args) => { const [, , done] = args; return [setTimeout(() => done(new Error("no")), 100)].length; }',
    'function () { return ((e, c, callback) => { setTimeout(() => callback(new Error("no")), 100); })(...arguments); }',
    '{ h(event, context, callback) { setTimeout(() => callback(new Error("no")), 100); return 1; } }.h',
  ])('does not succeed before it calls back: %s', async (handler) => {
    const source = handler.startsWith('{') ? `exports.handler = (${handler.slice(0, -2)}).h;` : `exports.handler = ${handler};`;
    expect(await run(source)).toMatchObject(reported);
  });

  it('ends by its timeout if it never calls back', async () => {
    expect(await run('exports.handler = (event, context, callback) => "ignored";', {}, 300)).toMatchObject({
      condition: 'InvocationTimeout',
    });
  });

  it('answers once: the first callback counts', async () => {
    expect(await run('exports.handler = (e, c, callback) => { callback(null, 1); callback(new Error("no")); };')).toBe('1');
  });

  it('may throw before it calls back', async () => {
    expect(await run('exports.handler = (e, c, callback) => { throw new Error("thrown"); };')).toMatchObject({
      condition: 'UnhandledInvocationError',
      errorMessage: 'thrown',
    });
  });
});

describe('a handler that would never run', () => {
  it.each(['function* () { yield 1; }', 'async function* () { yield 1; }'])('is refused: %s', async (handler) => {
    expect(await run(`exports.handler = ${handler};`)).toMatchObject({
      kind: 'failed',
      errorMessage: 'index.handler is a generator function: it would never run',
    });
  });
});

describe('a handler without a callback', () => {
  it.each<[handler: string, returned: string]>([
    ['async (event) => event.n', '5'],
    ['async (event, context, callback) => event.n', '5'],
    ['(event, context, callback) => Promise.resolve(event.n)', '5'],
    ['(event, context, callback) => ({ then: (resolve) => setTimeout(resolve, 50, event.n) })', '5'],
    ['(event) => event.n', '5'],
    ['event => event.n', '5'],
    ['() => 5', '5'],
    ['() => undefined', ''],
    ['function (event, context) { return event.n; }', '5'],
    ['({ n, a = "(,", b = [1, 2] }, { c, d } = {}) => n', '5'],
    ['(event, // , a, third\n context,) => event.n', '5'],
    ['function (event) { const evaluate = (n) => n; return evaluate(event.n); }', '5'],
    ['function (event) { if (!event.n) throw new Error("missing arguments"); /* eval */ return event.n; }', '5'],
    ['function (event) { return event.n + "\\u0021".length; }', '6'],
    ['((event) => event.n).bind(null)', '5'],
    ['new Proxy((event) => event.n, {})', '5'],
    ['(...args) => ((event) => event.n)(...args)', '5'],
    ['function () { return ((event) => event.n).apply(this, arguments); }', '5'],
    ['(event, context = /[)]/) => ({ n: event.n })', '{"n":5}'],
  ])('answers with its promise or its value: %s', async (handler, returned) => {
    expect(await run(`exports.handler = ${handler};`)).toBe(returned);
  });

  it('fails if its thenable throws', async () => {
    expect(await run('exports.handler = () => ({ get then() { throw new Error("trap"); } });')).toMatchObject({
      kind: 'failed',
      errorMessage: 'trap',
    });
  });
});

describe('an initializer', () => {
  const initializer = { handler: 'index.init', timeoutMs: 5_000 };

  it.each([
    '(...args) => setTimeout(() => args[1](new Error("no")), 100)',
    'function (context) { const done = arguments[1]; setTimeout(() => done(new Error("no")), 100); return 1; }',
    'async () => { throw new Error("no"); }',
  ])('is not over before it calls back: %s', async (init) => {
    const source = `exports.init = ${init}; exports.handler = async () => 1;`;
    expect(await run(source, { initializer })).toMatchObject({ kind: 'failed', errorMessage: 'no' });
  });

  it.each([
    '() => {}',
    '(context) => 5',
    '((context) => 5).bind(null)',
    'async (context) => {}',
    '(context, callback) => callback()',
  ])('is over when it has answered: %s', async (init) => {
    expect(await run(`exports.init = ${init}; exports.handler = async () => 1;`, { initializer })).toBe('1');
  });
});
