import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { Instance } from './instance.ts';
import type { ProcessListener } from './process-launcher.ts';

describe('an instance whose process the kernel ends', () => {
  const ended = async (hasRunOutOfMemory: boolean) => {
    let listener: ProcessListener | undefined;
    const instance = new Instance({
      process: {
        pid: 1,
        isBehind: false,
        send: () => undefined,
        kill: () => undefined,
        listen: (given) => {
          listener = given;
        },
      },
      launcher: { overheadBytes: 0, isOutOfMemory: () => false },
      clock: new ManualClock(),
      watch: { add: () => ({ look: () => false, end: () => undefined }) },
      memoryMb: 128,
      canFork: false,
      hasRunOutOfMemory: () => hasRunOutOfMemory,
      startTimeoutMs: 1_000,
      onLog: () => undefined,
      onGone: () => undefined,
    });
    listener?.onEnd('SIGKILL');
    return instance.loaded;
  };

  it('is out of memory if its cgroup says so', async () => {
    expect(await ended(true)).toMatchObject({ error: { errorType: 'OutOfMemory' }, isOutOfMemory: true });
    expect(await ended(false)).toMatchObject({ error: { errorType: 'InstanceError' } });
  });
});
