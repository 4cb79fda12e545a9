import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#platform';
import { eventually } from '#testing';
import { SupervisedService } from './supervised-service.ts';

const wellBehaved = `
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
process.send({ ready: 'http://127.0.0.1:' + (process.env.SERVICE_PORT === '0' ? '4711' : process.env.SERVICE_PORT) });
setInterval(() => {}, 1000);
`;

describe('a supervised service', () => {
  let folder: string;
  let service: SupervisedService | undefined;
  let lines: string[];

  const supervise = async (source: string): Promise<SupervisedService> => {
    const modulePath = join(folder, 'main.mjs');
    await writeFile(modulePath, source);
    service = new SupervisedService(
      { name: 'worker', modulePath, env: { PATH: process.env['PATH'] }, port: 0 },
      systemClock,
      (line) => lines.push(line),
    );
    return service;
  };

  beforeEach(async () => {
    lines = [];
    folder = await mkdtemp(join(tmpdir(), 'sendoff-supervised-'));
  });
  afterEach(async () => {
    service?.kill();
    await rm(folder, { recursive: true });
  });

  it('tells its address and stops when asked', async () => {
    const started = await supervise(wellBehaved);
    expect(await started.start()).toBe('http://127.0.0.1:4711');
    await started.stop(5_000);
    expect([started.pid, lines]).toEqual([undefined, []]);
  });

  it('is started again, on the same port, when it dies, and says so', async () => {
    const started = await supervise(wellBehaved);
    await started.start();
    const firstPid = started.pid ?? 0;
    process.kill(firstPid, 'SIGKILL');
    await eventually(() => lines.includes('worker is back'));
    expect(lines[0]).toBe('worker ended (SIGKILL), starting it again in 0.25 s');
    expect(started.pid).not.toBe(firstPid);
  });

  it('is given up when it never becomes ready', async () => {
    const started = await supervise('process.exit(3);');
    await expect(started.start()).rejects.toThrow(/ended 3 times before it was ready \(exit code 3\)/);
  });

  it('is ended when it does not drain in time', async () => {
    const started = await supervise(wellBehaved.replace('process.exit(0)', 'undefined'));
    await started.start();
    await started.stop(50);
    expect(lines).toEqual(['worker did not drain within 0 s, ending it']);
  });

  it('is not started again when its environment does not fit', async () => {
    const started = await supervise('process.exit(78);');
    await expect(started.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('worker') });
    expect(lines).toEqual([]);
  });
});
