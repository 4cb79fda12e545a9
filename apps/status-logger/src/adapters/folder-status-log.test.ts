/**
 * Goal: a status log that cannot be written makes its records wait. It ends no process.
 * Method: a small disk is filled, and made read-only.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { DayFiles, systemClock } from '#platform';
import { SmallDisk, smallDiskMissing } from '../../../../test/fault/small-disk.ts';
import { FolderStatusLog } from './folder-status-log.ts';

const limits = { fileBytesMax: 1_000_000, filesMax: 2, daysMax: 2 };

describe.skipIf(smallDiskMissing() !== undefined)(`the status log (${smallDiskMissing() ?? 'on a small disk'})`, () => {
  it('says what to do if its disk is full, and goes on once there is room', async () => {
    const disk = await SmallDisk.mount(1);
    onTestFinished(async () => disk.unmount());
    const log = new FolderStatusLog(new DayFiles(disk.folder, systemClock, limits));
    const lines = [{ statusLog: 'group/stream', line: 'x'.repeat(10_000) }];
    await log.append(lines);
    await disk.fill();
    await expect(log.append(lines)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/disk of .* is full: make room/) as string,
    });
    await disk.free();
    await log.append(lines);
    await disk.allowWrites(false);
    await expect(log.append(lines)).rejects.toMatchObject({
      message: expect.stringMatching(/group\/stream.*read-only/) as string,
    });
    await disk.allowWrites(true);
  });
});
