/**
 * Goal: whatever a function does, it reaches nothing beyond its walls, and no other function sees
 * more of it than a delay.
 * Method: a whole installation with its own broker, once at each level. Each attack is a function
 * that lists what succeeded. After each one, every service must be the same process as before, and
 * another function must answer. The same attacks are seen to succeed in a process without walls.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Service, services } from '#contracts';
import { aZip, eventually, type ZipEntry } from '#testing';
import { procTable } from '../../apps/executor/src/adapters/walls/process-table.ts';
import { levelsHere } from '../../apps/executor/testing/walls-here.ts';
import { Installation } from '../e2e/installation.ts';
import { send } from '../signed-request.ts';
import { type Attack, type Knowledge, sourceOf } from './attack.ts';
import { attacks } from './attacks.ts';
import { ownFunction, reaches } from './limited-key.ts';

/** Cloud providers give out credentials of the machine there. */
const metadataAddress = '169.254.169.254';
const isRoot = process.getuid?.() === 0;
const levels = (await levelsHere()).filter(({ level }) => level !== 'none');

/** Ports of TCP on which a process listens. */
function listeningPortsOf(pid: number): readonly number[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const listening = '0A';
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === listening && inodes.has(fields[9] ?? ''))
      .map((fields) => Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16)),
  );
}

/** Processes that have this one as their parent, whichever of its threads started them. */
const childrenOf = (pid: number) => procTable.all().flatMap((facts) => (facts.parent === pid ? [facts.pid] : []));

/** Listens at the address of cloud metadata, on loopback, if this user may. */
async function serveMetadata(): Promise<{ readonly port: number; close(): void } | undefined> {
  if (!isRoot || !existsSync('/usr/sbin/ip')) return undefined;
  execFileSync('ip', ['address', 'replace', `${metadataAddress}/32`, 'dev', 'lo']);
  const server: Server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nsecret'));
  await new Promise<void>((resolve) => server.listen(0, metadataAddress, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      execFileSync('ip', ['address', 'del', `${metadataAddress}/32`, 'dev', 'lo']);
    },
  };
}

const foreignSecret = randomUUID();

/** The files below a folder, as entries of a ZIP with the same paths. */
function filesOf(folder: string): ZipEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(js|json)$/.test(entry.name))
    .map(({ parentPath, name }) => ({ name: join(parentPath, name), data: readFileSync(join(parentPath, name)) }));
}

describe('without walls', () => {
  let folder: string;
  let server: HttpServer;
  let victim: ChildProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-no-walls-'));
    await mkdir(join(folder, 'own'));
    await mkdir(join(folder, 'functions'));
    await writeFile(join(folder, 'functions', 'index.js'), foreignSecret);
    await writeFile(join(folder, 'credentials.json'), '{}');
    const database = new DatabaseSync(join(folder, 'status.db'));
    database.exec('CREATE TABLE invocations (id)');
    database.close();
    server = createHttpServer((_request, answer) => answer.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const forEver = "process.stdout.write('up'); setInterval(() => undefined, 1000)";
    victim = spawn(process.execPath, ['-e', forEver], {
      env: { KAFKA_PASSWORD: 'x' },
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => victim.stdout?.once('data', resolve));
  });
  afterEach(async () => {
    victim.kill('SIGKILL');
    server.close();
    await rm(folder, { recursive: true });
  });

  it.each(attacks.filter(({ isProvable }) => isProvable))('$kind: a process can $name', async (attack) => {
    const file = join(folder, 'own', 'attack.cjs');
    const { pid = -1 } = victim;
    const { port } = server.address() as AddressInfo;
    const known: Knowledge = {
      dataDir: folder,
      executorPid: pid,
      pids: [pid],
      ports: [port],
      brokers: '',
      prefix: '',
      addresses: [],
      foreignSecret,
    };
    await writeFile(
      file,
      `${sourceOf(attack)}
      exports.handler(${JSON.stringify(known)}).then((list) => { process.stdout.write(JSON.stringify(list)); process.exit(); });`,
    );
    const env = { TMPDIR: folder, KAFKA_PASSWORD: 'x' };
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 });
    expect((JSON.parse(stdout) as unknown[]).length).toBeGreaterThan(0);
  });
});

describe.each(levels)('functions behind walls of level $level', ({ level, missing }) => {
  if (missing !== undefined) {
    it('hold', (context) => context.skip(`level ${level} does not work here: ${missing}`));
    return;
  }
  let installation: Installation;
  let know: Knowledge;
  let metadata: Awaited<ReturnType<typeof serveMetadata>>;
  let pids: ReadonlyMap<Service, number>;

  const pidsOfServices = async () =>
    new Map(await Promise.all(services.map(async (name) => [name, (await installation.pidOf(name)) ?? -1] as const)));
  const call = async (name: string, event: unknown) =>
    installation.client.call<unknown>('POST', `/fgs/functions/${name}/invocations`, event);

  beforeAll(async () => {
    metadata = await serveMetadata();
    installation = await Installation.start({
      env: { FUNCTION_ISOLATION: level, FUNCTION_EGRESS: 'public', FUNCTION_TMP_BYTES: String(64 * 1_048_576) },
    });
    const { client, dataDir, topicPrefix: prefix } = installation;
    await client.grantEverything();
    await client.createFunction('neighbour', `const mine = '${foreignSecret}'; exports.handler = async ({ n }) => n + 1;`);
    expect((await call('neighbour', { n: 1 })).body).toBe(2);
    pids = await pidsOfServices();
    const executorPid = pids.get('executor') ?? -1;
    const root = procTable.read(executorPid)?.parent;
    if (root === undefined) throw new Error('the executor does not run');
    const platform = [root, ...childrenOf(root)];
    const running = JSON.parse(readFileSync(`${dataDir}/running.json`, 'utf8')) as { kafkaBrokers: readonly string[] };
    know = {
      dataDir,
      executorPid,
      pids: [...platform, ...childrenOf(executorPid)],
      ports: [...platform.flatMap(listeningPortsOf), ...(metadata === undefined ? [] : [metadata.port])],
      addresses: [
        metadataAddress,
        ...Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []),
      ],
      brokers: running.kafkaBrokers.join(),
      prefix,
      foreignSecret,
    };
    expect(know.ports.length).toBeGreaterThan(services.length);
  });
  afterAll(async () => {
    await installation?.stop();
    metadata?.close();
  });

  const cases = attacks
    .filter((attack) => attack.levels === undefined || attack.levels.some((one) => one === level))
    .map((attack, index) => ({ ...attack, index }));

  it.each(cases)('$kind: no function can $name', async ({ index, ...attack }: Attack & { readonly index: number }) => {
    const name = `attack-${index}`;
    await installation.client.createFunction(name, sourceOf(attack), { timeout: 20 });
    const [answer, neighbour] = await Promise.all([call(name, know), call('neighbour', { n: 40 })]);
    if (answer.status === 200 && Array.isArray(answer.body)) expect(answer.body).toEqual([]);
    else expect([attack.mayEnd, answer.body]).toEqual([true, answer.body]);
    expect([neighbour.status, neighbour.body]).toEqual([200, 41]);
    expect((await call('neighbour', { n: 1 })).body).toBe(2);
    expect(await pidsOfServices()).toEqual(pids);
    await installation.client.must('DELETE', `/fgs/functions/${name}`);
  });

  it('key: a limited key reaches nothing beyond its own functions', async () => {
    const made = await installation.client.must<{ access_key: string; secret_key: string }>('POST', '/sendoff/credentials', {
      rights: ['invoke', 'read', 'manage'],
      functions: ['mine-*'],
    });
    const key = { url: installation.url, accessKey: made.access_key, secretKey: made.secret_key };
    for (const [what, method, path, body] of reaches) {
      const { status, text } = await send(key, method, path, body);
      expect([what, [403, 404].includes(status), text.includes(foreignSecret)]).toEqual([what, true, false]);
    }
    for (const list of ['/fgs/functions', '/sendoff/credentials', '/sendoff/agencies']) {
      const { status, text } = await send(key, 'GET', list);
      expect([list, status, /neighbour|everything/.test(text)]).toEqual([list, status, false]);
    }
    const own = await send(key, 'POST', '/fgs/functions', { ...ownFunction, func_name: `mine-${level}` });
    if (level === 'kernel') expect(own.status).toBe(200);
    else expect([own.status, JSON.parse(own.text)]).toMatchObject([403, { error_code: 'FSS.1099' }]);
    expect((await call('neighbour', { n: 1 })).body).toBe(2);
  });

  it('broker: no function that brings a Kafka client reads or writes a topic', async () => {
    const source = `const { Kafka, logLevel } = require('kafkajs');
      exports.handler = async ({ brokers, prefix }) => {
        const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, connectionTimeout: 1500, retry: { retries: 0 } });
        const succeeded = [];
        const tried = async (what, act) => { try { await act(); succeeded.push(what); } catch (error) { console.log(what, error.message); } };
        const admin = kafka.admin(), producer = kafka.producer();
        await tried('list', async () => { await admin.connect(); await admin.listTopics(); });
        await tried('write', async () => { await producer.connect(); await producer.send({ topic: prefix + 'registry', messages: [{ key: 'credential/x', value: '{}' }] }); });
        await tried('read', async () => { await admin.connect(); await admin.fetchTopicOffsets(prefix + 'registry'); });
        return succeeded;
      };`;
    const code = aZip([{ name: 'index.js', data: source }, ...filesOf('node_modules/kafkajs')]);
    await installation.client.createFunction('producer', '', {
      code_type: 'zip',
      func_code: { file: code.toString('base64') },
      timeout: 20,
    });
    const answer = await call('producer', know);
    expect([answer.status, answer.body]).toEqual([200, []]);
  });

  it('memory: no function keeps what it takes after its answer', async () => {
    const keeps = `exports.handler = async () => { const held = [];
      setInterval(() => held.push(Buffer.alloc(10 * 1024 * 1024, 1)), 5); return process.env.TMPDIR; };`;
    await installation.client.createFunction('keeps', keeps);
    expect((await call('keeps', {})).status).toBe(200);
    await endOfInstance('keeps');
  });

  it('CPU: no function computes for ever after its answer', async () => {
    const burns = `exports.handler = async () => { setTimeout(() => { for (;;) ; }, 10); return 1; };`;
    await installation.client.createFunction('burns', burns);
    expect((await call('burns', {})).status).toBe(200);
    await endOfInstance('burns');
  });

  /** Waits until no process of the function is left, long before it would end for being idle. */
  async function endOfInstance(name: string): Promise<void> {
    const executorPid = pids.get('executor') ?? -1;
    const isThere = (pid: number): boolean => {
      try {
        const isOwn = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`RUNTIME_FUNC_NAME=${name}\0`);
        return isOwn || childrenOf(pid).some(isThere);
      } catch {
        return false;
      }
    };
    await eventually(() => !childrenOf(executorPid).some(isThere), { deadlineMs: 20_000 });
    expect((await call('neighbour', { n: 1 })).body).toBe(2);
    expect(await pidsOfServices()).toEqual(pids);
  }
});
