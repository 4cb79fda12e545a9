/**
 * Goal: the broker started here keeps its data, its folder and its word. Method: real brokers on
 * folders of their own.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { getPriority, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningBroker, startBroker } from '#broker';
import { eventually } from '#testing';
import { createTopic } from '../user-topics.ts';

const run = promisify(execFile);

const listens = async (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [host = '', port = ''] = address.split(':');
    const socket = connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const topicsOf = async (bootstrapServers: string, create?: string): Promise<string[]> => {
  const admin = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  if (create !== undefined) await createTopic(admin, { topic: create });
  const topics = await admin.listTopics();
  await admin.disconnect();
  return topics;
};

/** All processes that work in the folder: the broker, and the shell that watches it. */
const processesIn = async (folder: string): Promise<string[]> => {
  const path = await realpath(folder);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map(async (pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, index) => folders[index] === path);
};

describe('the broker', () => {
  let dataDir: string;
  let broker: RunningBroker | undefined;
  let parent: ChildProcess | undefined;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sendoff-broker-'));
  });
  afterEach(async () => {
    parent?.kill('SIGKILL');
    await broker?.stop();
    broker = undefined;
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
  });

  it('does not take the server of another program for its own', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const start = startBroker({ dataDir, port, isShortLived: true });
    await expect(start).rejects.toMatchObject({ code: 'BROKER_START_FAILED', details: { port } });
    stranger.close();
  });

  it('keeps its data between starts, whatever its port', async () => {
    broker = await startBroker({ dataDir, isShortLived: true });
    const first = broker.bootstrapServers;
    await topicsOf(first, 'kept');
    await broker.stop();
    broker = await startBroker({ dataDir, isShortLived: true });
    expect(broker.bootstrapServers).not.toBe(first);
    expect(await topicsOf(broker.bootstrapServers)).toContain('kept');
  });

  it('refuses a folder that another broker uses', async () => {
    broker = await startBroker({ dataDir, isShortLived: true });
    await expect(startBroker({ dataDir, isShortLived: true })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  });

  it('runs in a container where Docker is', async ({ skip }) => {
    const image = await run('docker', ['image', 'inspect', 'apache/kafka:4.3.0']).then(
      () => undefined,
      (error: Error) => error.message.split('\n').slice(0, 2).join(' '),
    );
    if (image !== undefined) return skip(`no Docker with the image of the broker: ${image}`);
    broker = await startBroker({ dataDir, mode: 'docker' });
    expect(await topicsOf(broker.bootstrapServers, 'in-docker')).toContain('in-docker');
  });

  it('starts with an archive of classes that is damaged', async () => {
    const [shared, cacheDir] = [join(homedir(), '.cache', 'sendoff'), join(dataDir, 'cache')];
    await mkdir(cacheDir);
    const kept = (await readdir(shared)).filter((name) => name.startsWith('kafka-'));
    const archives = kept.filter((name) => name.endsWith('.jsa'));
    expect(archives).not.toEqual([]);
    for (const name of kept) {
      if (archives.includes(name)) await writeFile(join(cacheDir, name), 'damaged');
      else await symlink(join(shared, name), join(cacheDir, name));
    }
    broker = await startBroker({ dataDir, cacheDir, isShortLived: true });
    expect(await topicsOf(broker.bootstrapServers, 'kept')).toContain('kept');
    expect(await readdir(cacheDir)).toHaveLength(kept.length);
  });

  it.runIf(process.platform === 'linux')(
    'lets the door of the platform go first, with each thread and as a session',
    async () => {
      broker = await startBroker({ dataDir, isShortLived: true });
      const pids = await processesIn(dataDir);
      const threads = (await Promise.all(pids.map(async (pid) => readdir(`/proc/${pid}/task`)))).flat();
      expect(threads.length).toBeGreaterThan(10);
      const first = threads.filter((thread) => getPriority(Number(thread)) < Math.min(getPriority() + 5, 19));
      // The shell that waits may keep its priority: it does no work.
      expect(first.filter((thread) => !pids.includes(thread))).toEqual([]);
      const session = await readFile(`/proc/${pids[0]}/autogroup`, 'utf8').catch(() => 'nice 5');
      expect(session).toMatch(/nice 5$/m);
    },
  );

  it('runs on when the system sends SIGTERM to all processes, until it is stopped', async () => {
    broker = await startBroker({ dataDir, isShortLived: true });
    const ended = broker.exited;
    for (const pid of await processesIn(dataDir)) process.kill(Number(pid), 'SIGTERM');
    expect(await topicsOf(broker.bootstrapServers, 'after-the-signal')).toContain('after-the-signal');
    await broker.stop();
    expect(await ended).toBe('exit code 129');
    expect(await processesIn(dataDir)).toEqual([]);
    expect(await readdir(join(dataDir, 'log'))).toContain('.kafka_cleanshutdown');
  });

  it('does not outlive a parent that was killed', async () => {
    const script = `import { startBroker } from '#broker'; const b = await startBroker({ dataDir: ${JSON.stringify(dataDir)}, isShortLived: true }); console.log(b.bootstrapServers); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    parent = child;
    const address = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (data) => resolve(String(data).trim()));
      child.once('exit', (code) => reject(new Error(`the parent ended with ${code} before it had a broker; it needs the build`)));
    });
    expect(await listens(address)).toBe(true);
    child.kill('SIGKILL');
    await eventually(async () => !(await listens(address)));
  });
});
