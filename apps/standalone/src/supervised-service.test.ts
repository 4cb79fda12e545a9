import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, sameSignalMs, systemClock } from '#platform';
import { eventually, ManualClock } from '#testing';
import { serviceArguments, SupervisedService } from './supervised-service.ts';

const aService = `
process.on('message', ({ stop }) => stop && process.exit(0));
process.on('SIGTERM', () => process.send({ signal: 'SIGTERM' }));
process.on('disconnect', () => process.exit(0));
process.send({ ready: 'http://127.0.0.1:' + (process.env.SERVICE_PORT === '0' ? '4711' : process.env.SERVICE_PORT) });
setInterval(() => {}, 1000);
`;

describe('a supervised service', () => {
  let folder: string;
  let service: SupervisedService | undefined;
  let lines: string[];

  const supervise = async (
    source: string,
    niceness = 0,
    clock: Clock = systemClock,
    waits?: (reason: string) => void,
  ): Promise<SupervisedService> => {
    const modulePath = join(folder, 'main.mjs');
    await writeFile(modulePath, source);
    service = new SupervisedService(
      { name: 'worker', modulePath, env: { PATH: process.env['PATH'] }, port: 0, startPatienceMs: 500, niceness },
      clock,
      (line) => lines.push(line),
      waits,
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

  it('reports its address and stops', async () => {
    const started = await supervise(aService);
    expect(await started.start()).toBe('http://127.0.0.1:4711');
    await started.stop(5_000);
    expect([started.pid, lines]).toEqual([undefined, []]);
  });

  it('opens no inspector when another process sends it SIGUSR1', async () => {
    const started = await supervise(aService);
    await started.start();
    const status = await readFile(`/proc/${started.pid}/status`, 'utf8');
    const caught = BigInt(`0x${/^SigCgt:\s+(\w+)/m.exec(status)?.[1]}`);
    expect(caught & (1n << BigInt(constants.signals.SIGUSR1 - 1))).toBe(0n);
  });

  it('lets others go first if it is told to, as a process and as a session', async () => {
    const started = await supervise(aService, 5);
    await started.start();
    const { pid = 0 } = started;
    expect(getPriority(pid)).toBe(5);
    const session = await readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => 'nice 5');
    expect(session).toMatch(/nice 5$/m);
  });

  it('gets the arguments of Node.js that it gets in a container', async () => {
    const dockerfile = await readFile(new URL('../../../docker/Dockerfile', import.meta.url), 'utf8');
    const entryPoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    expect(entryPoint).toEqual(['node', ...serviceArguments, 'run.mjs']);
  });

  it('restarts after it was killed and announces it', async () => {
    const started = await supervise(aService);
    await started.start();
    const firstPid = started.pid ?? 0;
    process.kill(firstPid, 'SIGKILL');
    await eventually(() => lines.includes('worker runs again'));
    expect(lines[0]).toBe('worker ended (SIGKILL), restarting it in 0.25 s');
    expect(started.pid).not.toBe(firstPid);
  });

  it('fails to start after several runs that never became ready', async () => {
    const started = await supervise('process.exit(3);');
    await expect(started.start()).rejects.toThrow(/ended again and again before it was ready \(exit code 3\)/);
    expect(lines.slice(0, 2)).toEqual([0.25, 0.5].map((wait) => `worker ended (exit code 3), restarting it in ${wait} s`));
  });

  it('is started again without end while it lacks something outside, and then counts its failures anew', async () => {
    const reasons: string[] = [];
    const clock = new ManualClock();
    const started = await supervise('process.exit(75);', 0, clock, (reason) => reasons.push(reason));
    const url = started.start();
    for (let tries = 1; tries <= 4; tries++) {
      await eventually(() => reasons.length === tries);
      await clock.advance(10_000);
    }
    expect(lines[3]).toBe(`${reasons[3]}; trying again in 2 s`);
    await eventually(() => reasons.length === 5);
    await writeFile(join(folder, 'main.mjs'), 'process.exit(3);');
    await clock.advance(10_000);
    await eventually(() => lines.length === 6);
    expect(lines[5]).toMatch(/^worker ended \(exit code 3\), restarting it in/);
    await writeFile(join(folder, 'main.mjs'), aService);
    await clock.advance(10_000);
    expect(await url).toBe('http://127.0.0.1:4711');
  });

  describe('a start that failed because of another service', () => {
    const told = async () => readFile(join(folder, 'told'), 'utf8').catch(() => '');
    // Reports one fault of its environment, late when it is started as a service.
    const faulty = (lateMs: number) => `
      import { appendFileSync } from 'node:fs';
      const report = () => {
        appendFileSync(${JSON.stringify(join(folder, 'told'))}, 'fault of ' + process.argv[2] + ';');
        process.exit(78);
      };
      setTimeout(report, process.argv[2] === 'check-config' ? 0 : ${lateMs});
    `;

    it('has a service that has not come that far report the faults of its environment', async () => {
      const started = await supervise(faulty(60_000));
      void started.start();
      await started.reportConfigFaults();
      expect([await told(), started.pid, lines]).toEqual(['fault of check-config;', undefined, []]);
    });

    it('lets a service that has reported them say nothing more', async () => {
      const started = await supervise(faulty(0));
      await expect(started.start()).rejects.toThrow(/worker cannot start with this environment/);
      await started.reportConfigFaults();
      expect(await told()).toBe('fault of supervised;');
    });

    it('has a service that was not started report them', async () => {
      const started = await supervise(faulty(60_000));
      await started.reportConfigFaults();
      expect(await told()).toBe('fault of check-config;');
    });

    it('leaves a service that is ready alone', async () => {
      const started = await supervise(aService);
      await started.start();
      const { pid } = started;
      await started.reportConfigFaults();
      expect(started.pid).toBe(pid);
    });
  });

  it('is killed if it does not drain in time', async () => {
    const started = await supervise(aService.replace('stop && process.exit(0)', 'undefined'));
    await started.start();
    await started.stop(50);
    expect(lines).toEqual(['worker did not drain within 0.05 s, killing it']);
  });

  it('is stopped and started again after a signal that it got alone', async () => {
    const started = await supervise(aService);
    await started.start();
    process.kill(started.pid ?? 0, 'SIGTERM');
    await eventually(() => lines.includes('worker runs again'));
    expect(lines[0]).toBe('worker ended (exit code 0), restarting it in 0.25 s');
  });

  it('that got the signal of the whole system ends at its turn', async () => {
    const clock = new ManualClock();
    const signal = "{ signal: 'SIGTERM'";
    const started = await supervise(aService.replace(signal, `${signal}, ready: 'http://127.0.0.1:1'`), 0, clock);
    await started.start();
    const { pid = 0 } = started;
    started.hold();
    process.kill(pid, 'SIGTERM');
    await eventually(() => lines.includes('worker runs again'));
    await clock.advance(sameSignalMs);
    process.kill(pid, 'SIGTERM');
    await eventually(() => lines.length === 2);
    await started.stop(5_000);
    expect(lines).toEqual(['worker runs again', 'worker runs again']);
  });

  it('is not restarted if its environment is not valid', async () => {
    const started = await supervise('process.exit(78);');
    await expect(started.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('worker') });
    expect(lines).toEqual([]);
  });
});
