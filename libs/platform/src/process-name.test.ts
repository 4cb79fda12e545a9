import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isProcessGone, nameOfProcess, startOfProcess } from './process-name.ts';

/** The name of this process, with another id and start time. */
async function nameWith(pid: number | undefined, start: string | undefined): Promise<string> {
  const [space] = String(await nameOfProcess()).split('-');
  return `${space}-${pid}-${start}`;
}

describe('isProcessGone', () => {
  it('is false while the process runs and true after it was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(child, 'spawn');
    const name = await nameWith(child.pid, await startOfProcess(child.pid ?? 0));
    expect(await isProcessGone(name)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isProcessGone(name)).toBe(true);
  });

  it('is false for this process', async () => {
    expect(await isProcessGone(String(await nameOfProcess()))).toBe(false);
  });

  it('is true if a later process has the same id', async () => {
    expect(await isProcessGone(await nameWith(process.pid, '1'))).toBe(true);
  });

  it.each(['', 'a-user', '000000000000-1-1', '000000000000-999999999-1'])(
    'is false for a name of another machine or of no process: %j',
    async (name) => {
      expect(await isProcessGone(name)).toBe(false);
    },
  );
});
