import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isProcessGone, nameOfProcess, startOfProcess } from './process-name.ts';

/** This process's name with another process in its place. */
async function nameWith(pid: number | undefined, start: string | undefined): Promise<string> {
  const [place] = String(await nameOfProcess()).split('-');
  return `${place}-${pid}-${start}`;
}

describe('a process', () => {
  it('is there as long as it lives, and gone afterwards', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(child, 'spawn');
    const name = await nameWith(child.pid, await startOfProcess(child.pid ?? 0));
    expect(await isProcessGone(name)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isProcessGone(name)).toBe(true);
  });

  it('knows itself to be there', async () => {
    expect(await isProcessGone(String(await nameOfProcess()))).toBe(false);
  });

  it('is gone when its id is another one by now', async () => {
    expect(await isProcessGone(await nameWith(process.pid, '1'))).toBe(true);
  });

  it.each(['', 'a-user', '000000000000-1-1', '000000000000-999999999-1'])(
    'of another place is not said to be gone: %j',
    async (name) => {
      expect(await isProcessGone(name)).toBe(false);
    },
  );
});
