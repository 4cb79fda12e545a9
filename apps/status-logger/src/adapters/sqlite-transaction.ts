import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '#contracts';
import type { Clock } from '#platform';

/** How long a transaction waits for the write lock of another connection. */
const lockWaitMsMax = 5_000;
const lockRetryMs = 2;

/**
 * Primary result codes of SQLite; an extended code keeps its primary one in the low byte.
 * @see https://www.sqlite.org/rescode.html
 */
const sqliteCodes = { statement: 1, busy: 5, corrupt: 11, notADatabase: 26 } as const;

/**
 * Runs work in one write transaction: `BEGIN IMMEDIATE`, so that no other connection writes between
 * a read and the commit.
 *
 * While another connection holds the lock this one asks again every 2 ms. SQLite's own busy timeout
 * would block the event loop, and with it the other connection if that is one of this process. The
 * connection must have no busy timeout.
 *
 * @throws PlatformError `STORE_UNAVAILABLE` if the lock is not free within 5 s; else as
 *   {@link storeError} makes it if the transaction cannot begin or commit.
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
 * @throws PlatformError as {@link storeError} makes it.
 */
export function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw storeError(cause);
  }
}

/**
 * The error of a failed call of the database: `STORE_DAMAGED` if the file is no sound database,
 * else `STORE_UNAVAILABLE`. An error of the platform stays as it is.
 */
export function storeError(cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause;
  const isDamaged = hasCode(cause, sqliteCodes.corrupt) || hasCode(cause, sqliteCodes.notADatabase);
  return new PlatformError(isDamaged ? 'STORE_DAMAGED' : 'STORE_UNAVAILABLE', { cause });
}

/** True if SQLite refused a statement itself, for example because a table is missing. */
export function isStatementError(error: unknown): boolean {
  return hasCode(error, sqliteCodes.statement);
}

async function begin(database: DatabaseSync, clock: Clock): Promise<void> {
  const giveUpAt = clock.elapsedMs() + lockWaitMsMax;
  for (;;) {
    try {
      database.exec('BEGIN IMMEDIATE');
      return;
    } catch (cause) {
      if (!hasCode(cause, sqliteCodes.busy) || clock.elapsedMs() >= giveUpAt) throw storeError(cause);
    }
    // A timer of the clock would let the process end if it waits for nothing else, as at its start.
    await delay(lockRetryMs);
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === code;
}
