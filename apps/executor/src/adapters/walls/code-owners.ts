import assert from 'node:assert/strict';
import { chmod, chown } from 'node:fs/promises';
import type { UserRange } from './user-range.ts';

/** The user and the group that an instance has outside of its walls. */
export interface InstanceUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Gives each code folder a group of its own, and each instance a user of its own. The executor owns
 * the folder, the group may read it, and nobody else may. Without users of functions, folders keep
 * their owner, and instances have the executor's user.
 */
export class CodeOwners {
  private readonly groups = new Map<string, number>();

  constructor(private readonly users: UserRange | undefined) {}

  /** Lets the instances of a complete folder read it. */
  async openCode(codeDir: string): Promise<void> {
    if (this.users === undefined) return;
    const gid = this.users.take();
    this.groups.set(codeDir, gid);
    await chown(codeDir, process.getuid?.() ?? 0, gid);
    await chmod(codeDir, 0o750);
  }

  /**
   * Takes a user for an instance of the code in an opened folder. Undefined if all instances have
   * the executor's user.
   * @throws Error if all users are taken.
   */
  takeUser(codeDir: string): InstanceUser | undefined {
    if (this.users === undefined) return undefined;
    const gid = this.groups.get(codeDir);
    assert(gid !== undefined, `${codeDir} is not open`);
    return { uid: this.users.take(), gid };
  }

  /** Gives the user of an instance back. */
  giveBack(user: InstanceUser | undefined): void {
    if (user !== undefined) this.users?.giveBack(user.uid);
  }

  /** Gives the group of a deleted folder back. */
  closeCode(codeDir: string): void {
    const gid = this.groups.get(codeDir);
    if (gid === undefined) return;
    this.groups.delete(codeDir);
    this.users?.giveBack(gid);
  }
}
