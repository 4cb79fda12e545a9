import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '#contracts';
import type { Clock } from '#platform';

/** How long a transaction waits for the write lock of another connection. */
const lockWaitMsMax = 5_000;
const lockRetryMs = 2;

/**
 * Primary result code of SQLite for a lock that another connection holds; an extended code keeps it
 * in its low byte.
 */
const sqliteBusy = 5;

/**
 * Runs work in one write transaction: `BEGIN IMMEDIATE`, so that no other connection writes between
 * a read and the commit.
 *
 * While another connection holds the lock this one asks again every 2 ms. SQLite's own busy timeout
 * would block the event loop, and with it the other connection if that is one of this process. The
 * connection must have no busy timeout.
 *
 * @throws PlatformError `STORE_UNAVAILABLE` if the lock is not free within 5 s, or the transaction
 *   cannot begin or commit.
 * @throws the error of `work`, unchanged, after the rollback.
 */
export async function inTransaction<T>(database: DatabaseSync, clock: Clock, work: () => Promise<T>): Promise<T> {
  await begin(database, clock);
  try {
    const answer = await work();
    attempt(() => database.exec('COMMIT'));
    return answer;
  } catch (error) {
    // SQLite itself rolls back after some errors, such as a full disk.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Calls the database.
 * @throws PlatformError `STORE_UNAVAILABLE` with the database's error as its cause.
 */
export function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new PlatformError('STORE_UNAVAILABLE', { cause });
  }
}

async function begin(database: DatabaseSync, clock: Clock): Promise<void> {
  const giveUpAt = clock.now() + lockWaitMsMax;
  for (;;) {
    try {
      database.exec('BEGIN IMMEDIATE');
      return;
    } catch (cause) {
      if (!isBusy(cause) || clock.now() >= giveUpAt) throw new PlatformError('STORE_UNAVAILABLE', { cause });
    }
    // A timer of the clock would let the process end if it waits for nothing else, as at its start.
    await delay(lockRetryMs);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === sqliteBusy;
}
