/**
 * Goal: a function that attacks the platform from inside gets nothing, at each level of the walls.
 * Method: real instances run code that would succeed without walls. Expected answers are the errors
 * of the kernel or of Node.js.
 */
import { createServer, type Server } from 'node:net';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionDocument } from '#contracts';
import { eventually } from '#testing';
import { type NodeFunctions, openNodeFunctions, withSource } from '../../../testing/node-functions.ts';
import { isRunning } from '../../../testing/processes.ts';
import { levelsHere } from '../../../testing/walls-here.ts';
import { procTable } from './process-table.ts';

const isRoot = process.getuid?.() === 0;
const levels = (await levelsHere()).filter(({ level }) => level !== 'none');

for (const { level, missing } of levels)
  describe.skipIf(missing !== undefined)(`a function at level ${level}${missing === undefined ? '' : `: ${missing}`}`, () => {
    let functions: NodeFunctions;
    let logged: string;
    let outside: string;

    beforeAll(async () => {
      outside = await mkdtemp(join(tmpdir(), 'sendoff-outside-'));
      await chmod(outside, 0o777);
      await writeFile(join(outside, 'secret'), 'hush', { mode: 0o666 });
      await writeFile(join(outside, 'status.db'), '');
      await chmod(join(outside, 'status.db'), 0o666);
    });
    afterAll(async () => rm(outside, { recursive: true, force: true }));
    afterEach(async () => functions.close());

    /** Runs the body of a handler. `attempt` returns the value of a function, or its error code. */
    const attack = async (body: string, given: Partial<FunctionDocument> = {}, before = '') => {
      logged = '';
      functions = await openNodeFunctions({ isolation: level, onLog: (_id, text) => (logged += text) });
      const outcome = await functions.run(
        withSource(
          `const attempt = (does) => { try { return does(); } catch (error) { return error.code ?? error.message; } };
          ${before}
          exports.handler = async (event) => { ${body} };`,
          given,
        ),
        { outside, executor: process.pid },
      );
      return outcome.kind === 'succeeded' ? (JSON.parse(String(outcome.responsePayload)) as unknown) : outcome;
    };
    const refusal = expect.stringMatching(
      /^ERR_(ACCESS_DENIED|UNKNOWN_BUILTIN_MODULE|DLOPEN_DISABLED)$|^E[A-Z]+$|not a function/,
    );

    it('has another user than the executor, and no capabilities', async () => {
      const answer = (await attack(`return [process.getuid(), process.getgid(), process.getgroups(), process.pid];`)) as number[];
      const [uid, gid, groups, pid] = answer as unknown as [number, number, number[], number];
      if (level === 'kernel') expect([uid, gid, pid]).toEqual([65_534, 65_534, 2]);
      else if (isRoot) expect([uid >= 1_879_048_192, gid >= 1_879_048_192, groups]).toEqual([true, true, [gid]]);
      const functionPid = instanceProcesses().at(-1) ?? 0;
      const status = await readFile(`/proc/${functionPid}/status`, 'utf8');
      expect(status).toMatch(/^NoNewPrivs:\s1$/m);
      expect(status).toMatch(/^CapEff:\s0{16}$/m);
      expect(status).toMatch(level === 'kernel' ? /^Seccomp:\s2$/m : /^Seccomp:\s0$/m);
    });

    it.each([
      ['reads a file of everybody', `require('fs').readFileSync(event.outside + '/secret', 'utf8')`],
      ['writes a file of everybody', `require('fs').writeFileSync(event.outside + '/new', 'x')`],
      ['lists a folder', `require('fs').readdirSync('/')`],
      ['reads the environment of the executor', `require('fs').readFileSync('/proc/' + event.executor + '/environ')`],
      [
        'opens a database',
        `new (require('node:sqlite').DatabaseSync)(event.outside + '/status.db').exec('DELETE FROM invocations')`,
      ],
      [
        'attaches a database',
        `new (require('node:sqlite').DatabaseSync)(':memory:').exec("ATTACH '" + event.outside + "/new' AS a")`,
      ],
      ['opens the inspector of the executor', `process._debugProcess(event.executor)`],
      ['signals the executor', `process.kill(event.executor, 'SIGKILL')`],
      [
        'signals the executor by the inner way',
        `{ const answer = process._kill(event.executor, 9); throw { code: answer === -1 ? 'EPERM' : 'no error' }; }`,
      ],
      ['signals all processes', `process.kill(-1, 'SIGKILL')`],
      ['opens an inspector of its own', `require('node:inspector').open(0)`],
      ['starts a process', `require('node:child_process').spawnSync('/bin/true').error.code`],
      ['replaces its process', `process.execve('/bin/true', ['true'], {})`],
      ['starts a thread', `new (require('node:worker_threads').Worker)('0', { eval: true })`],
      ['loads native code', `process.dlopen({ exports: {} }, event.outside + '/secret')`],
      ['takes a binding', `process.binding('spawn_sync')`],
      ['links a binding', `process._linkedBinding('fs')`],
      ['starts WASI', `new (require('node:wasi').WASI)({ version: 'preview1', preopens: { '/': '/' } })`],
      ['changes its user', `process.setuid(0)`],
      ['writes a report', `process.report.writeReport('/tmp/../var/report.json')`],
    ])('is refused if it %s', async (_what, expression) => {
      expect(await attack(`return attempt(() => ${expression.startsWith('{') ? expression : `(${expression})`});`)).toEqual(
        refusal,
      );
      expect(await readdir(outside)).toEqual(['secret', 'status.db']);
    });

    it('has no open file of the executor', async () => {
      const handles = await Promise.all([readFile(import.meta.filename), openServer()]);
      await attack('return 1;');
      const pids = instanceProcesses();
      const own = await Promise.all(pids.map(async (pid) => [pid, await openFilesOf(pid)] as const));
      handles[1].close();
      for (const [, files] of own)
        for (const file of files)
          expect(file).toMatch(/^(\/dev\/null|socket:\[\d+\]|pipe:\[\d+\]|anon_inode:.*|\/proc\/\d+|\/proc)$/);
      // Standard input is null; the sockets are output, errors and the channel.
      const ofFunction = own.at(-1)?.[1].filter((file) => file.startsWith('socket:')) ?? [];
      expect(new Set(ofFunction).size).toBe(3);
    });

    it('sees only its own processes', async ({ skip }) => {
      if (level !== 'kernel') return skip('a plain process shares the process ids of the host');
      await attack('return 1;');
      const functionPid = instanceProcesses().at(-1) ?? 0;
      const seen = (await readdir(`/proc/${functionPid}/root/proc`)).filter((name) => /^\d+$/.test(name));
      expect(seen).toEqual(['1', '2']);
    });

    it('sees only its code and its program', async ({ skip }) => {
      if (level !== 'kernel') return skip('a plain process shares the file system of the host');
      if (!isRoot) return skip('only root can look into the file system of another process');
      await attack('return 1;');
      const pids = instanceProcesses();
      const root = `/proc/${pids.at(-1)}/root`;
      const list = async (path: string) => (await readdir(`${root}${path}`)).toSorted();
      expect(await list('/')).toEqual(['dev', 'etc', 'lib', 'lib64', 'opt', 'proc', 'tmp']);
      expect(await list('/opt')).toEqual(['function', 'sendoff']);
      expect(await list('/opt/sendoff/program')).toEqual(['node', 'package.json']);
      expect(await list('/etc')).toEqual(['group', 'hosts', 'nsswitch.conf', 'passwd', 'resolv.conf']);
      expect(await list('/dev')).toEqual(['fd', 'full', 'null', 'random', 'stderr', 'stdin', 'stdout', 'urandom', 'zero']);
    });

    it('may write to its temporary folder, up to its size', async () => {
      functions = await openNodeFunctions({ isolation: level, tmpBytesMax: 8 * 1_048_576 });
      const fn = withSource(`const fs = require('node:fs');
        exports.handler = async ({ mb }) => {
          try { fs.writeFileSync(process.env.TMPDIR + '/file', Buffer.alloc(mb << 20, 1)); } catch (error) { return error.code; }
          return fs.statSync(process.env.TMPDIR + '/file').size;
        };`);
      const run = async (mb: number) => functions.run(fn, { mb });
      expect(await run(7)).toMatchObject({ responsePayload: Buffer.from(String(7 << 20)) });
      expect(
        String('responsePayload' in (await run(9)) && ((await run(9)) as { responsePayload: Buffer }).responsePayload),
      ).toMatch(/"(ENOSPC|EFBIG)"/);
    });

    it('finds its temporary folder under /tmp', async ({ skip }) => {
      if (level !== 'kernel') return skip('a plain process shares /tmp with the host');
      const body = `const fs = require('node:fs'); fs.mkdirSync('/tmp/a/b', { recursive: true }); fs.writeFileSync('/tmp/a/b/c', '1');
        return [process.env.TMPDIR, require('node:os').tmpdir(), process.cwd(), fs.readdirSync('/tmp')];`;
      expect(await attack(body)).toEqual(['/tmp', '/tmp', '/tmp', ['a']]);
    });

    it('is ended if it makes too many files', async () => {
      const body = `const fs = require('node:fs');
        for (let n = 0; ; n++) { fs.closeSync(fs.openSync(process.env.TMPDIR + '/' + n, 'w')); if (n % 500 === 0) await new Promise(setImmediate); }`;
      const outcome = await attack(body, { timeoutMs: 60_000 });
      expect(outcome).toMatchObject({ kind: 'failed', errorMessage: expect.stringContaining('1000 files') });
    }, 90_000);

    it('may open 1,024 files and sockets at once', async () => {
      const body = `const fs = require('node:fs'); const open = []; 
        try { for (;;) open.push(fs.openSync(__filename, 'r')); } catch (error) { return [open.length > 900 && open.length <= 1024, error.code]; }`;
      expect(await attack(body)).toEqual([true, 'EMFILE']);
    });

    it.each([
      ['while its code loads', '', 'const all = []; for (let n = 0; n < 64; n++) all.push(Buffer.alloc(32 << 20, 1));'],
      [
        'in its initialization',
        'return 1;',
        'const all = []; const end = Date.now() + 20_000; while (Date.now() < end && all.length < 12) all.push(Buffer.alloc(32 << 20, 1)); while (Date.now() < end);',
      ],
      ['in buffers', 'const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise(setImmediate); }', ''],
      ['in one piece', 'const all = Buffer.alloc(1 << 30, 1); return all.length;', ''],
      ['in its heap', 'const all = []; for (;;) all.push(new Array(10_000).fill({}).map(() => ({})));', ''],
      [
        'in WebAssembly',
        'const all = []; for (;;) { const memory = new WebAssembly.Memory({ initial: 1024 }); new Uint8Array(memory.buffer).fill(1); all.push(memory); await new Promise(setImmediate); }',
        '',
      ],
    ])(
      'is out of memory if it uses too much %s',
      async (_what, body, before) => {
        expect(await attack(body, {}, before)).toMatchObject({ kind: 'failed', condition: 'OutOfMemory' });
      },
      30_000,
    );

    it('is ended if it uses too much memory after its answer, and the next call works', async () => {
      const body = `if (event.executor === 0) return 'fresh'; setTimeout(() => { globalThis.all = Buffer.alloc(500 << 20, 1); setInterval(() => {}, 1000); }, 10); return 'early';`;
      expect(await attack(body)).toBe('early');
      await eventually(() => functions.runtime.instances === 0);
      expect(logged).toContain('the instance was ended: the function used more than its 128 MB');
    }, 30_000);

    it('is ended if it uses the CPU after its answer', async () => {
      const body = `const spin = () => { const end = Date.now() + 50; while (Date.now() < end); setImmediate(spin); }; setTimeout(spin, 10); return 'early';`;
      expect(await attack(body)).toBe('early');
      await eventually(() => functions.runtime.instances === 0, { deadlineMs: 25_000 });
      expect(logged).toContain('the instance was ended: the function used a CPU for seconds while no call ran');
    }, 40_000);

    it('has a lower priority than the executor', async () => {
      await attack('return 1;');
      const pids = instanceProcesses();
      const stat = await readFile(`/proc/${pids.at(-1)}/stat`, 'utf8');
      expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])).toBe(Math.min(19, getPriority() + 10));
    });

    it('leaves no process behind', async () => {
      await attack('return 1;');
      const pids = instanceProcesses();
      await functions.runtime.close();
      await eventually(() => pids.every((pid) => !isRunning(pid)));
    });
  });

/** The processes below this one, parents first: those of the only instance. */
function instanceProcesses(): readonly number[] {
  const all = procTable.all();
  const found = [process.pid];
  for (const pid of found) found.push(...all.filter(({ parent }) => parent === pid).map((facts) => facts.pid));
  return found.slice(1);
}

async function openFilesOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  return Promise.all((await readdir(folder)).map(async (name) => readlink(join(folder, name))));
}

async function openServer(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
