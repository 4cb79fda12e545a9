import { randomUUID } from 'node:crypto';
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Target } from '#contracts';
import type { TryResult } from '#lifecycle';
import { type Clock, type Logger, RepeatedWork, RetentionClock } from '#platform';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { objectKey } from '../object-key.ts';
import { deferredOnAbort } from './deferred-on-abort.ts';
import { FolderWriter } from './folder-writer.ts';

const dayMs = 86_400_000;
const sweepEveryMs = 600_000;
/** Most marks of one day that a sweep removes. The next sweep removes the rest. */
const sweepMax = 10_000;
const marksFolder = '.expires';
const draftsFolder = '.drafts';
/** No write takes this long: an older draft is of a process that ended. */
const draftAgeMaxMs = 3_600_000;

/** Counts what a sweep could not do. */
class Failures {
  count = 0;
  last: unknown;

  add(error: unknown): void {
    this.count += 1;
    this.last = error;
  }
}

type ObsTarget = Target<'OBS'>;

/**
 * Delivers to a folder in place of an object store: `<root>/<bucket>/<key>`.
 *
 * An object that expires has a mark, the empty file `<root>/.expires/<day>/<bucket>/<key>`. After
 * that day the sweeper removes mark and object. The mark is written first, so that no object lacks
 * one. An object is written as a draft, `<root>/.drafts/<id>`, and renamed. The sweeper removes
 * drafts that a killed process left.
 */
export class FolderDestination implements Destination<'OBS'> {
  readonly isCheap = true;
  private readonly writer = new FolderWriter();
  private readonly time: RetentionClock;
  private readonly sweeps: RepeatedWork;

  constructor(
    private readonly root: string,
    private readonly clock: Clock,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {
    this.time = new RetentionClock(clock);
    this.sweeps = new RepeatedWork(clock, sweepEveryMs, async () => this.sweep());
  }

  async deliver(notification: Notification, target: ObsTarget, signal: AbortSignal): Promise<TryResult> {
    return deferredOnAbort(signal, async () => this.write(notification, target, signal));
  }

  private async write(
    notification: Notification,
    { bucket, prefix, expiresDays }: ObsTarget,
    signal: AbortSignal,
  ): Promise<TryResult> {
    const name = join(bucket, objectKey(prefix, notification));
    const file = this.within(name);
    if (file === undefined) return { kind: 'refused', reason: 'bucket and prefix lead to a place outside of the folder' };
    const object = { file, text: notification.texts.default, draft: join(this.root, draftsFolder, randomUUID()) };
    const fault = await this.writer.write(expiresDays > 0 ? { ...object, mark: this.markOf(name, expiresDays) } : object, signal);
    if (fault === undefined) return { kind: 'delivered', location: `file://${file}` };
    return { kind: fault.code === 'ENAMETOOLONG' ? 'refused' : 'deferred', reason: reasonOf(fault) };
  }

  private within(name: string): string | undefined {
    const root = resolve(this.root);
    const file = resolve(root, name);
    const isOurs = [marksFolder, draftsFolder].some((folder) => file.startsWith(join(root, folder)));
    return file.startsWith(`${root}${sep}`) && !isOurs ? file : undefined;
  }

  private markOf(name: string, expiresDays: number): string {
    const day = Math.floor((this.time.latest() + expiresDays * dayMs) / dayMs);
    return join(this.root, marksFolder, String(day), name);
  }

  /** Sweeps now, and every 10 minutes until {@link close}. */
  start(): void {
    void this.sweeps.startNow();
  }

  /** Removes expired objects and left drafts. A file that stays holds up no other one. */
  async sweep(): Promise<void> {
    const failures = new Failures();
    const today = Math.floor(this.time.now() / dayMs);
    const days = await readdir(join(this.root, marksFolder)).catch((): string[] => []);
    for (const day of days.filter((name) => Number(name) < today))
      await this.sweepDay(day, failures).catch((error: unknown) => failures.add(error));
    await this.sweepDrafts(failures);
    if (failures.count > 0)
      this.logger.warn(
        { err: failures.last, left: failures.count },
        'expired objects could not be removed; the next sweep tries again',
      );
  }

  private async sweepDrafts(failures: Failures): Promise<void> {
    const folder = join(this.root, draftsFolder);
    const names = await readdir(folder).catch((): string[] => []);
    for (const draft of names.slice(0, sweepMax).map((name) => join(folder, name))) {
      const written = await stat(draft).catch(() => undefined);
      if (written !== undefined && written.mtimeMs < this.clock.now() - draftAgeMaxMs)
        await rm(draft, { force: true }).catch((error: unknown) => failures.add(error));
    }
  }

  private async sweepDay(day: string, failures: Failures): Promise<void> {
    const folder = join(this.root, marksFolder, day);
    const marks = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    let removed = 0;
    for (const { parentPath, name } of marks) {
      if (removed === sweepMax) return;
      try {
        await this.removeMarked(day, join(parentPath, name).slice(folder.length + 1));
        removed += 1;
      } catch (error) {
        failures.add(error);
      }
    }
    if (removed === marks.length) await rm(folder, { recursive: true, force: true });
    await rmdir(join(this.root, marksFolder)).catch(() => undefined);
  }

  /** Removes an expired object, then its mark. */
  private async removeMarked(day: string, name: string): Promise<void> {
    const object = this.within(name);
    if (object !== undefined && !(await this.isMarkedLater(name, Number(day)))) await rm(object, { force: true });
    await rm(join(this.root, marksFolder, day, name));
  }

  /**
   * Checks whether the object was delivered again later: then it also has a mark of a later day.
   */
  private async isMarkedLater(name: string, day: number): Promise<boolean> {
    const days = await readdir(join(this.root, marksFolder));
    for (const later of days.filter((other) => Number(other) > day)) {
      const names = await readdir(dirname(join(this.root, marksFolder, later, name))).catch((): string[] => []);
      if (names.includes(name.slice(name.lastIndexOf(sep) + 1))) return true;
    }
    return false;
  }

  close(): void {
    this.sweeps.close();
    void this.writer.close();
  }
}
