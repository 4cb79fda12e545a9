import { type ChildProcess, fork } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Service, services } from '#contracts';
import { eventually } from '#testing';
import { isRunning } from '../../apps/executor/testing/processes.ts';
import type { World } from '../fault/world.ts';

/** Second processes of services. They end with the test. */
const companions = new Set<ChildProcess>();
process.once('exit', () => companions.forEach((child) => child.kill('SIGKILL')));

/** Longest start or stop of a service, on a busy machine. */
const deadlineMs = 60_000;

/**
 * A checkout whose services come from two builds. The supervisor starts each service through a
 * link, so a service that is stopped comes back from the build that its link names then.
 */
export class RollingCheckout {
  private constructor(readonly folder: string) {}

  /** @param build a checkout with `dist`; all services come from it at first. */
  static async of(build: string): Promise<RollingCheckout> {
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-rolling-'));
    const checkout = new RollingCheckout(folder);
    await mkdir(join(folder, 'dist/apps'), { recursive: true });
    // Node.js follows links: the supervisor is a copy, so that it finds the services beside itself.
    for (const path of ['package.json', 'dist/apps/standalone'])
      await cp(join(build, path), join(folder, path), { recursive: true });
    for (const path of ['node_modules', 'dist/libs']) await symlink(join(build, path), join(folder, path));
    for (const service of services) await checkout.link(service, build);
    return checkout;
  }

  /**
   * Replaces a service by that of another build, as a rolling upgrade does. Both run side by side
   * for a while, in the same group, then the first one drains.
   */
  async replace(world: World, service: Service, build: string, sideBySide: () => Promise<void>): Promise<void> {
    const companion = await started(service, build, await environmentOf(await world.pidOf(service)));
    try {
      await sideBySide();
      await this.restart(world, service, build);
    } finally {
      await stopped(companion);
    }
  }

  /**
   * Replaces the status-logger by that of an older build, which cannot open the store of a newer
   * one. So the store is set aside, and the older one builds its own from the topics.
   */
  async rollBackStatusLogger(world: World, build: string): Promise<void> {
    const { dataDir } = world.installation;
    await this.restart(world, 'status-logger', build, async () => {
      for (const name of await readdir(dataDir))
        if (name.startsWith('status.db')) await rename(join(dataDir, name), join(dataDir, `newer-${name}`));
    });
  }

  /** Lets a service end, then come back from another build. @param meanwhile runs when it ended. */
  private async restart(world: World, service: Service, build: string, meanwhile = async () => Promise.resolve()): Promise<void> {
    const runsAgain = `sendoff: ${service} runs again`;
    const lines = () => world.installation.output.filter((line) => line === runsAgain).length;
    const known = lines();
    const before = await world.pidOf(service);
    await this.link(service, build);
    process.kill(before, 'SIGTERM');
    await eventually(() => !isRunning(before), { deadlineMs });
    await meanwhile();
    await eventually(() => lines() > known, { deadlineMs });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async link(service: Service, build: string): Promise<void> {
    const path = join(this.folder, 'dist/apps', service);
    await symlink(resolve(build, 'dist/apps', service), `${path}.new`);
    await rename(`${path}.new`, path);
  }
}

/** The environment with which a process was started. */
async function environmentOf(pid: number): Promise<Record<string, string>> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8');
  const pairs = text.split('\0').filter((line) => line.includes('='));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Starts a second process of a service. Resolves when it is ready. */
async function started(service: Service, build: string, environment: Record<string, string>): Promise<ChildProcess> {
  const child = fork(resolve(build, `dist/apps/${service}/src/main.js`), {
    env: { ...environment, SERVICE_PORT: '0' },
    execArgv: ['--disable-warning=TimeoutNegativeWarning', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  companions.add(child);
  await new Promise<void>((done, failed) => {
    child.once('message', () => done());
    child.once('exit', (code) => failed(new Error(`the ${service} of ${build} ended with ${code}`)));
  });
  return child;
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGTERM');
  await ended;
  companions.delete(child);
}
