import { chmod, chown } from 'node:fs/promises';
import type { UserRange } from './user-range.ts';

/**
 * Gives each code folder a group of its own. The executor owns the folder, the group may read it,
 * and nobody else may. Without users of functions, folders keep their owner.
 */
export class CodeOwners {
  private readonly groups = new Map<string, number>();

  constructor(private readonly users: UserRange | undefined) {}

  /** The group of a folder, or undefined if all instances have the executor's user. */
  groupOf(codeDir: string): number | undefined {
    return this.groups.get(codeDir);
  }

  /** Lets the instances of a complete folder read it. */
  async openCode(codeDir: string): Promise<void> {
    if (this.users === undefined) return;
    const gid = this.users.take();
    this.groups.set(codeDir, gid);
    await chown(codeDir, process.getuid?.() ?? 0, gid);
    await chmod(codeDir, 0o750);
  }

  /** Gives the group of a deleted folder back. */
  closeCode(codeDir: string): void {
    const gid = this.groups.get(codeDir);
    if (gid === undefined) return;
    this.groups.delete(codeDir);
    this.users?.giveBack(gid);
  }
}
