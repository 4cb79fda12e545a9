/**
 * Goal: the log of a function tells why a call failed, and holds the beginning and the end of long
 * output. Method: real processes that print and fail in every way.
 */
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeFunctions, withSource } from '../../../testing/node-functions.ts';

let under: Awaited<ReturnType<typeof openNodeFunctions>>;
let logged: string[];
beforeEach(async () => {
  logged = [];
  under = await openNodeFunctions({ onLog: (requestId, text) => void logged.push(`${requestId}|${text}`) });
});
afterEach(async () => under.close());

const log = () => logged.map((entry) => entry.slice(entry.indexOf('|') + 1)).join('');
const times = (text: string) => log().split(text).length - 1;

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the log of a failed call', () => {
  it.each([
    ['awaits', 'await fetch(url);'],
    ['does not await', 'void fetch(url); await new Promise((done) => setTimeout(done, 2_000));'],
  ])('names every cause once, if the code %s a fetch to a closed port', async (_what, code) => {
    const port = await closedPort();
    const fn = withSource(`exports.handler = async ({ url }) => { ${code} };`);
    const outcome = await under.run(fn, { url: `http://127.0.0.1:${port}/` });
    expect(outcome).toMatchObject({ kind: 'failed', errorMessage: 'fetch failed' });
    expect(times('TypeError: fetch failed')).toBe(1);
    expect(log()).toMatch(/caused by: Error: connect \w+/);
    expect(logged.every((entry) => entry.startsWith('r1|'))).toBe(true);
  });

  it('has type, message and stack, without folders of the machine', async () => {
    const fn = withSource("exports.handler = async () => { throw new RangeError('too far'); };");
    await under.run(fn);
    expect(log()).toMatch(/^RangeError: too far\n {4}at exports\.handler \(index\.js:1:\d+\)\n/);
    expect(log()).not.toMatch(/\/tmp\/|\/code\/|bootstrap|node:internal/);
  });

  it.each([
    ['a temporary file', "require('node:os').tmpdir() + '/none'", "ENOENT: no such file or directory, open '/tmp/none'"],
    ['a file of the code', "__dirname + '/none'", "ENOENT: no such file or directory, open 'none'"],
    ['the folder of the code', '__dirname', 'EISDIR: illegal operation on a directory, read'],
  ])('names %s without folders of the machine', async (_what, path, errorMessage) => {
    const fn = withSource(`exports.handler = async () => require('node:fs').readFileSync(${path});`);
    expect(await under.run(fn)).toMatchObject({ kind: 'failed', errorMessage });
    expect(log()).toContain(`Error: ${errorMessage}`);
  });

  it.each<[what: string, thrown: string, lines: readonly string[]]>([
    [
      'a chain of causes',
      "new Error('a', { cause: new TypeError('b', { cause: 'c' }) })",
      ['Error: a', 'caused by: TypeError: b', 'caused by: string: c'],
    ],
    [
      'several errors',
      "new AggregateError([new Error('x'), new Error('y')], 'both')",
      ['AggregateError: both', 'one of: Error: x', 'one of: Error: y'],
    ],
    ['a code', "Object.assign(new Error('gone'), { code: 'EGONE' })", ['Error: gone (EGONE)']],
    ['no error', '{ a: 1 }', ['object: {"a":1}']],
    [
      'an error that cannot be read',
      "Object.defineProperty(new Error('m'), 'cause', { get() { throw new Error('trap'); } })",
      ['Error: m'],
    ],
    [
      'several errors of which one cannot be read',
      "Object.assign(new Error('both'), { errors: Object.defineProperty([1, new Error('y')], 0, { get() { throw new Error('trap'); } }) })",
      ['Error: both', 'one of: Error: y'],
    ],
    [
      'a suppressed error',
      "new SuppressedError(new Error('x'), new Error('y'), 'both')",
      ['SuppressedError: both', 'caused by: Error: x', 'suppressed: Error: y'],
    ],
    ['an error of another realm', "require('node:vm').runInNewContext('new RangeError(5)')", ['RangeError: 5']],
    ['a value without fields', "new Map([['a', 1]])", ["object: Map(1) { 'a' => 1 }"]],
    [
      'an event of an error',
      "Object.defineProperty(new Event('error'), 'error', { value: new Error('inner') })",
      ['caused by: Error: inner'],
    ],
  ])('has %s', async (_what, thrown, lines) => {
    await under.run(withSource(`exports.handler = async () => { throw ${thrown}; };`));
    expect(log().split('\n')).toEqual(expect.arrayContaining([...lines]));
  });

  it('ends although causes form a circle or a long chain', async () => {
    const circle = "const a = new Error('a'); a.cause = new Error('b', { cause: a }); throw a;";
    await under.run(withSource(`exports.handler = async () => { ${circle} };`));
    expect(times('Error: a')).toBe(1);
    const chain = "let e = new Error('e'); for (let i = 0; i < 1e5; i++) e = new Error('x'.repeat(1e3), { cause: e }); throw e;";
    await under.run(withSource(`exports.handler = async () => { ${chain} };`), {}, { requestId: 'r2' });
    expect(log().length).toBeLessThan(40_000);
  });

  it.each<[what: string, source: string, lines: readonly string[]]>([
    [
      'a syntax error',
      'exports.handler = () => {\n  const x = ;\n};',
      ["SyntaxError: Unexpected token ';'", '    at index.js:2'],
    ],
    ['an error while loading', "throw new Error('a', { cause: new Error('b') });", ['Error: a', 'caused by: Error: b']],
    ['an export that is missing', 'exports.other = 1;', ['TypeError: index.handler is not a function that index.js exports']],
    ['an exit while loading', 'process.exit(4);', ['InstanceError: the instance ended while it started (exit code 4)']],
  ])('tells why no call can run: %s', async (_what, source, lines) => {
    const printed: string[] = [];
    await under.run(withSource(source), {}, { observer: { printed: (text) => void printed.push(text), used: () => undefined } });
    expect(log().split('\n')).toEqual(expect.arrayContaining([...lines]));
    expect(logged.every((entry) => entry.startsWith('r1|'))).toBe(true);
    expect(printed.join('')).toBe(log());
  });

  it('has no folders of the machine for a value that holds an error', async () => {
    await under.run(withSource("exports.handler = async () => { throw new Map([[1, new Error('x')]]); };"));
    expect(log()).toMatch(/Error: x\n\s+at exports\.handler \(index\.js:1:\d+\)/);
    expect(log()).not.toMatch(/\/tmp\/|\/code\/|bootstrap|node:internal/);
  });

  it('has the error that the function reported', async () => {
    await under.run(withSource("exports.handler = (e, c, callback) => callback(new Error('reported'));"));
    expect(times('Error: reported')).toBe(1);
  });
});

describe('long output', () => {
  it('keeps its beginning and its end, and says how much was cut', async () => {
    const code = "console.log('first'); for (let i = 0; i < 20_000; i++) console.log('line', i); console.log('last'); return 1;";
    await under.run(withSource(`exports.handler = async () => { ${code} };`));
    expect(log()).toMatch(/^first\nline 0\n/);
    expect(log()).toMatch(/\[\d+ characters of output were cut here\]\n/);
    expect(log()).toMatch(/line 19999\nlast\n$/);
    expect(log().length).toBeLessThan(200_000);
    const cut = [...log().matchAll(/\[(\d+) characters/g)].reduce((sum, [, length]) => sum + Number(length), 0);
    const whole = `first\n${Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('')}last\n`.length;
    const notes = [...log().matchAll(/\n\[\d+ characters[^\]]*\]\n/g)].join('').length;
    expect(log().length - notes + cut).toBe(whole);
  });

  it('in one piece is cut too', async () => {
    await under.run(
      withSource("exports.handler = async () => { process.stdout.write('a' + 'x'.repeat(5e6) + 'z'); return 1; };"),
    );
    expect(log()).toMatch(/^ax+\n\[\d+ characters of output were cut here\]\nx+z$/);
    expect(log().length).toBeLessThan(70_000);
  });

  it.each([
    ['exits', 'process.exit(3);'],
    ['aborts', 'process.abort();'],
    ['kills itself', 'process.kill(process.pid, "SIGKILL");'],
    ['throws', "throw new Error('no');"],
    ['times out', 'await new Promise(() => setInterval(() => {}, 1000));'],
    ['never yields', 'for (;;) console.log("busy");'],
  ])('is not lost if the code %s', async (_what, end) => {
    const code = `for (let i = 0; i < 20_000; i++) console.log('line', i); console.log('last'); ${end}`;
    await under.run(withSource(`exports.handler = async () => { ${code} };`), {}, { timeoutMs: 2_000 });
    expect(log()).toMatch(/^line 0\n/);
    expect(log()).toContain(end.includes('busy') ? 'busy' : 'last\n');
  });

  it('of a late timer of an answered call still has its request id', async () => {
    const code = "setTimeout(() => console.log('late'), 50); return 1;";
    await under.run(withSource(`exports.handler = async () => { ${code} };`));
    await expect.poll(() => logged).toEqual(['r1|late\n']);
  });

  it.each<[how: string, code: string, printed: string]>([
    ['fs.writeSync', "require('node:fs').writeSync(1, 'line\\n');", 'line\n'],
    ['fs.writeSync of a part', "require('node:fs').writeSync(2, Buffer.from('a line\\n'), 2, 5);", 'line\n'],
    ['fs.writevSync', "require('node:fs').writevSync(1, [Buffer.from('li'), Buffer.from('ne')]);", 'line'],
    ['fs.write', "await new Promise((done) => require('node:fs').write(1, 'line', done));", 'line'],
    [
      'promises of fs.write',
      "const { bytesWritten } = await require('node:util').promisify(require('node:fs').write)(1, Buffer.from('line')); console.log(bytesWritten);",
      'line4\n',
    ],
    [
      'fs.write with a range',
      "await new Promise((done) => require('node:fs').write(1, Buffer.from('a line'), { offset: 2 }, done));",
      'line',
    ],
    ['an import of fs', "(await import('node:fs')).writeSync(1, 'line');", 'line'],
    ['pieces of a character', 'process.stdout.write(Buffer.from([0xc3])); process.stdout.write(Buffer.from([0xbc]));', 'ü'],
  ])('by %s has the request id of its call', async (_how, code, printed) => {
    await under.run(withSource(`exports.handler = async () => { ${code} return 1; };`));
    expect([[...new Set(logged.map((entry) => entry.split('|')[0]))], log()]).toEqual([['r1'], printed]);
  });

  it('to other files is written to them', async () => {
    const code =
      "const fs = require('node:fs'); const f = `${process.env.TMPDIR}/a`; fs.writeFileSync(f, 'b'); const fd = fs.openSync(f, 'a'); fs.writeSync(fd, 'c'); fs.closeSync(fd); console.log(fs.readFileSync(f, 'utf8'));";
    await under.run(withSource(`exports.handler = async () => { ${code} return 1; };`));
    expect(log()).toBe('bc\n');
  });
});
