import type { Attack } from './attack.ts';

const files: readonly Attack[] = [
  {
    kind: 'files',
    name: 'read files of the platform and of the system',
    isProvable: true,
    body: `for (const file of ['credentials.json', 'running.json', 'status.db', 'platform.key'].map((name) => know.dataDir + '/' + name)
      .concat('/etc/shadow', '/root/.bashrc', '/proc/' + know.executorPid + '/mem', '/proc/' + know.executorPid + '/maps'))
      await tried(file, () => fs.readFileSync(file, 'utf8'));`,
  },
  {
    kind: 'files',
    name: 'list folders of the platform and of the machine',
    isProvable: true,
    body: `for (const folder of [know.dataDir, '/root', '/home', '/var/lib', '/work', '/var/tmp/sendoff-functions'])
      await tried(folder, () => fs.readdirSync(folder).join() || undefined);`,
  },
  {
    kind: 'files',
    name: 'write outside the temporary folder',
    body: `for (const folder of ['/', '/usr', '/etc', '/var/tmp', '/dev/shm', know.dataDir, __dirname])
      await tried(folder, () => { fs.writeFileSync(folder + '/planted', 'x'); return 'written'; });
    await tried('own code', () => { fs.appendFileSync(__filename, '//'); return 'changed'; });`,
  },
  {
    kind: 'files',
    name: 'leave through links and through /proc',
    isProvable: true,
    body: `const root = process.env.TMPDIR + '/root';
    await tried('symlink', () => { fs.symlinkSync('/', root); return fs.readFileSync(root + know.dataDir + '/credentials.json'); });
    await tried('hard link', () => { fs.linkSync(know.dataDir + '/credentials.json', process.env.TMPDIR + '/linked'); return 'linked'; });
    for (const pid of ['self', '1', know.executorPid])
      for (const way of ['root', 'cwd'])
        await tried(pid + '/' + way, () => fs.readFileSync('/proc/' + pid + '/' + way + know.dataDir + '/credentials.json'));
    for (let fd = 4; fd < 64; fd++)
      await tried('fd ' + fd, () => { const path = fs.readlinkSync('/proc/self/fd/' + fd); return path.includes(know.dataDir) ? path : undefined; });`,
  },
  {
    kind: 'files',
    name: 'read the code of another function',
    isProvable: true,
    body: `const seen = (folder, depth) => { try { for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const path = folder + '/' + entry.name;
        if (entry.isDirectory() && depth > 0) seen(path, depth - 1);
        else try { if (fs.readFileSync(path, 'utf8').includes(know.foreignSecret)) succeeded.push(path); } catch {}
      } } catch {} };
    for (const folder of ['/var/tmp/sendoff-functions', know.dataDir + '/functions', require('path').dirname(__dirname)]) seen(folder, 4);`,
  },
];

const processes: readonly Attack[] = [
  {
    kind: 'signals',
    name: 'signal processes of the platform',
    isProvable: true,
    mayEnd: true,
    body: `for (const pid of [...know.pids, -know.executorPid])
      for (const signal of [0, 'SIGUSR1', 'SIGTERM', 'SIGKILL'])
        await tried(signal + ' to ' + pid, () => {
          process.kill(pid, signal); return 'sent'; });
    await tried('_kill', () => process._kill(know.executorPid, 9) === 0 ? 'sent' : undefined);`,
  },
  {
    kind: 'inspector',
    name: 'open the inspector of the executor',
    isProvable: true,
    body: `await tried('_debugProcess', () => { process._debugProcess(know.executorPid); return 'asked'; });
    await tried('SIGUSR1', () => { process.kill(know.executorPid, 'SIGUSR1'); return 'sent'; });
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const host of ['127.0.0.1', '::1']) await tried(host, () => connects(9229, host));`,
  },
  {
    kind: 'processes',
    name: 'start programs, threads and native code',
    isProvable: true,
    body: `const cp = require('child_process');
    await tried('spawnSync', () => cp.spawnSync('/bin/sh', ['-c', 'id']).stdout?.toString());
    await tried('fork', () => new Promise((resolve, reject) => { const child = cp.fork(process.env.TMPDIR + '/nothing.js', { stdio: 'ignore' }); child.once('spawn', () => resolve('forked')); child.once('error', reject); }));
    await tried('binding', () => Object.keys(process.binding('spawn_sync')).join());
    await tried('dlopen', () => { const file = process.env.TMPDIR + '/x.node'; fs.writeFileSync(file, 'x'); process.dlopen({ exports: {} }, file); return 'loaded'; });
    await tried('worker', () => new Promise((resolve, reject) => { const { Worker } = require('worker_threads');
      const worker = new Worker('1', { eval: true, env: {} }); worker.once('online', () => resolve('started')); worker.once('error', reject); }));`,
  },
  {
    kind: 'processes',
    name: 'see the environment and the secrets of the platform',
    isProvable: true,
    body: `for (const name of Object.keys(process.env)) if (/TOKEN|SECRET|ACCESS_KEY|PLATFORM|PASSWORD|KAFKA/.test(name)) succeeded.push(name);
    for (const pid of [1, process.ppid, ...know.pids]) await tried('environment of ' + pid, () =>
      /(TOKEN|SECRET|PLATFORM|PASSWORD|KAFKA)[A-Z_]*=/.exec(fs.readFileSync('/proc/' + pid + '/environ', 'utf8'))?.[0]);`,
  },
  {
    kind: 'SQLite',
    name: 'use SQLite on foreign files',
    isProvable: true,
    body: `const sqlite = () => require('node:sqlite').DatabaseSync;
    await tried('open', () => new (sqlite())(know.dataDir + '/status.db').prepare('select count(*) from invocations').get());
    await tried('ATTACH', () => { const db = new (sqlite())(':memory:'); db.exec("ATTACH '" + know.dataDir + "/status.db' AS other");
      return JSON.stringify(db.prepare('select name from other.sqlite_schema limit 1').get()); });
    for (const folder of [know.dataDir, '/var/tmp', __dirname])
      await tried('VACUUM INTO ' + folder, () => { const db = new (sqlite())(':memory:'); db.exec("VACUUM INTO '" + folder + "/planted.db'"); return 'written'; });`,
  },
];

const network: readonly Attack[] = [
  {
    kind: 'network',
    name: 'reach ports of the platform',
    isProvable: true,
    levels: ['kernel'],
    body: `for (const port of know.ports) for (const host of ['127.0.0.1', '::1', '0.0.0.0', 'localhost'])
      await tried(host + ':' + port, () => connects(port, host));`,
  },
  {
    kind: 'network',
    name: 'reach every address of the machine',
    levels: ['kernel'],
    body: `for (const port of know.ports) for (const host of know.addresses) await tried(host + ':' + port, () => connects(port, host));`,
  },
  {
    kind: 'internal doors',
    name: 'ask the services over HTTP',
    isProvable: true,
    body: `const ask = (port, method, path, headers = {}) => new Promise((resolve, reject) => {
      const request = http.request({ port, host: '127.0.0.1', method, path, headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
        answer.resume(); resolve(answer.statusCode < 300 ? answer.statusCode : undefined); });
      request.once('error', reject); request.end('{}'); });
    for (const port of know.ports)
      for (const [method, path] of [['POST', '/internal/records/query'], ['POST', '/internal/calls'], ['GET', '/v2/p1/fgs/functions'], ['GET', '/v2/p1/sendoff/credentials']])
        for (const headers of [{}, { 'x-sendoff-internal': '' }, { authorization: 'Bearer x' }, { 'x-auth-token': '' }])
          await tried(port + path, () => ask(port, method, path, headers));`,
  },
];

const resources: readonly Attack[] = [
  {
    kind: 'memory',
    name: 'take memory while the code loads',
    mayEnd: true,
    atLoad: 'const held = []; for (let n = 0; n < 200; n++) held.push(Buffer.alloc(10 * 1024 * 1024, 1));',
    body: `succeeded.push('held ' + held.length * 10 + ' MB');`,
  },
  {
    kind: 'memory',
    name: 'take memory in a call',
    mayEnd: true,
    body: `const held = []; for (let n = 0; n < 200; n++) { held.push(Buffer.alloc(10 * 1024 * 1024, 1)); await new Promise((resolve) => setTimeout(resolve, 10)); }
    succeeded.push('held ' + held.length * 10 + ' MB');`,
  },
  {
    kind: 'disk',
    name: 'fill the temporary folder',
    mayEnd: true,
    body: `const chunk = Buffer.alloc(16 * 1024 * 1024, 1); let written = 0;
    await tried('write', async () => { const file = fs.openSync(process.env.TMPDIR + '/big', 'w');
      try { for (; written < 64; written++) { fs.writeSync(file, chunk); await new Promise((resolve) => setTimeout(resolve, 20)); } } finally { fs.closeSync(file); }
      return 'wrote 1 GB'; });`,
  },
  {
    kind: 'disk',
    name: 'make very many files',
    mayEnd: true,
    body: `await tried('files', () => { for (let n = 0; n < 1_000_000; n++) fs.closeSync(fs.openSync(process.env.TMPDIR + '/f' + n, 'w')); return 'a million files'; });`,
  },
  {
    kind: 'open files',
    name: 'open very many files and sockets',
    isProvable: true,
    body: `const opened = []; await tried('files', () => { for (let n = 0; n < 5000; n++) opened.push(fs.openSync(__filename)); return opened.length; });
    for (const fd of opened) fs.closeSync(fd);
    const sockets = []; await tried('sockets', async () => { for (let n = 0; n < 5000; n++) await new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4'); sockets.push(socket); socket.once('error', reject).bind(0, resolve); }); return sockets.length; });
    for (const socket of sockets) socket.close();`,
  },
];

const seeded = `let seed = first; const random = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n; };
  const bytes = (length) => Buffer.from(Array.from({ length }, () => random(256)));`;

const channel: readonly Attack[] = [
  {
    kind: 'channel',
    name: 'write one line end to the channel',
    mayEnd: true,
    body: `fs.writeSync(3, '\\n'); await new Promise((resolve) => setTimeout(resolve, 100));`,
  },
  {
    kind: 'channel',
    name: 'write commands of Node.js to the channel',
    mayEnd: true,
    body: `for (const command of ['{"cmd":"NODE_HANDLE","type":"net.Server"}\\n', '{"cmd":"NODE_DISCONNECT"}\\n', '[]\\n', 'null\\n']) fs.writeSync(3, command);
    await new Promise((resolve) => setTimeout(resolve, 100));`,
  },
  {
    kind: 'channel',
    name: 'write 200 MB without an end to the channel',
    mayEnd: true,
    body: `const chunk = Buffer.alloc(1 << 20, 0x20); for (let n = 0; n < 200; n++) fs.writeSync(3, chunk);`,
  },
  ...Array.from(
    { length: 12 },
    (_, seed): Attack => ({
      kind: 'channel',
      name: `write random bytes and frames to the channel, seed ${seed}`,
      mayEnd: true,
      body: `const first = ${seed + 1}; ${seeded}
      const frame = (text) => { const body = Buffer.from(text); const head = Buffer.alloc(4); head.writeUInt32BE(random(3) === 0 ? random(1 << 30) : body.length); return Buffer.concat([head, body]); };
      const shapes = ['[]', '[{}]', '[{"kind":"returned"}]', '[{"kind":"returned","id":0,"memoryBytes":1e308}]', '[{"kind":"returned","id":"__proto__","memoryBytes":1}]',
        '[{"kind":"log","requestId":"other","text":"forged"}]', '[{"kind":"ready"},{"kind":"ready"}]', '['.repeat(10000), '[{"kind":"failed","id":-1,"error":null}]', '{"kind":"spoiled"}'];
      for (let n = 0; n < 50; n++) fs.writeSync(3, random(2) === 0 ? bytes(random(2000)) : frame(shapes[random(shapes.length)]));
      await new Promise((resolve) => setTimeout(resolve, 50));`,
    }),
  ),
  {
    kind: 'channel',
    name: 'flood the output',
    mayEnd: true,
    body: `const line = 'x'.repeat(65536) + '\\n'; for (let n = 0; n < 2000; n++) { try { fs.writeSync(1, line); } catch (error) { if (error.code !== 'EAGAIN') throw error; await new Promise((resolve) => setTimeout(resolve, 1)); } }`,
  },
];

/** Attacks from inside a function, by kind. */
export const attacks: readonly Attack[] = [...files, ...processes, ...network, ...resources, ...channel];
