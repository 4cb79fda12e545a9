import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ErrorCode, PlatformError } from '#contracts';
import { type Clock, type Logger, type Random, textSource } from '#platform';
import type { StatusLoggerConfig } from '../status-logger.config.ts';
import type { StatusStore } from '../status-store.ts';
import { withDiskFault, withDiskFaultAtStart } from './disk-faults.ts';
import { PostgresStatusStore } from './postgres/postgres-status-store.ts';
import { SqliteStatusStore } from './sqlite-status-store.ts';

/** Parts of the process that the store needs. */
export interface StoreHooks {
  readonly random: Random;
  readonly logger: Logger;
  /** Ends the process, which is then started again. */
  readonly fatal: (error: PlatformError) => void;
}

/**
 * Opens the status store that the config asks for: a database of PostgreSQL, or else `status.db` in
 * the data folder. The folder is created if it does not exist.
 * @param place `retentionMs`: how long records are kept after their end, in milliseconds.
 * A database that does not answer is waited for.
 * @throws PlatformError `STORE_TOO_NEW`, `STORE_UNSUITABLE`; `STORE_UNAVAILABLE` of a file;
 *   `CONFIG_INVALID` if the file with the authorities of the database cannot be read.
 */
export async function openStatusStore(
  place: Pick<StatusLoggerConfig, 'dataDir' | 'databaseUrl' | 'databaseCaFile'> & { readonly retentionMs: number },
  clock: Clock,
  hooks: StoreHooks,
): Promise<StatusStore> {
  const { databaseUrl, databaseCaFile, retentionMs } = place;
  if (databaseUrl !== undefined) {
    const url = withAuthorities(databaseUrl, databaseCaFile);
    const open = async () => PostgresStatusStore.open({ url, retentionMs }, clock, hooks.random);
    return endingWhenUnsuitable(await whenItAnswers(open, clock, hooks.logger), hooks.fatal);
  }
  return openFile(resolve(place.dataDir, 'status.db'), clock, hooks);
}

/** The URL with the parameters of `pg` that ask for TLS. `pg` reads the file at each connection. */
function withAuthorities(url: string, caFile: string | undefined): string {
  if (textSource(undefined, caFile, 'DATABASE_CA_FILE') === undefined) return url;
  return `${url}${url.includes('?') ? '&' : '?'}sslmode=verify-full&sslrootcert=${encodeURIComponent(caFile ?? '')}`;
}

/** Time between two tries to open a database, in milliseconds. */
const openAgainMs = 1_000;
/** Tries after which the log says once more that the database does not answer. */
const triesPerLine = 30;

/** Opens a database as soon as it answers. Meanwhile the work topics keep the records. */
async function whenItAnswers(open: () => Promise<StatusStore>, clock: Clock, logger: Logger): Promise<StatusStore> {
  for (let tries = 1; ; tries++) {
    try {
      const store = await open();
      if (tries > 1) logger.info('the database answers');
      return store;
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'STORE_UNAVAILABLE') throw error;
      const problem = (error.cause as Error | undefined)?.message;
      if (tries % triesPerLine === 1)
        logger.warn({ problem }, 'the database does not answer; waiting for it: check DATABASE_URL');
      await new Promise<void>((resolve) => void clock.setTimer(openAgainMs, resolve));
    }
  }
}

/**
 * The store, which ends the process when the database begins to refuse it or has lost a table: the
 * next start says what to change. Until the end each call fails as with a store that is away. So no
 * record counts as refused for good.
 */
function endingWhenUnsuitable(store: StatusStore, fatal: StoreHooks['fatal']): StatusStore {
  let isEnding = false;
  return watched(store, (error) => {
    if (!(error instanceof PlatformError) || !ending.has(error.code)) return error;
    if (!isEnding) {
      isEnding = true;
      fatal(error);
    }
    return new PlatformError('STORE_UNAVAILABLE', { cause: error });
  });
}

const ending: ReadonlySet<string> = new Set<ErrorCode>(['STORE_UNSUITABLE', 'STORE_DAMAGED']);

/**
 * Opens a file of SQLite. A damaged one is renamed, and a new store takes its place: the topics
 * hold what it is built from. If the damage shows later, the process ends too, and the next one
 * opens the new store. A disk that takes no writes is named in the errors, with what to do.
 */
async function openFile(file: string, clock: Clock, { logger, fatal }: StoreHooks): Promise<StatusStore> {
  const setAside = async (error: PlatformError) => {
    const kept = `${file}.damaged-${clock.now()}`;
    await renameDatabase(file, kept);
    logger.error(
      { err: error, file, kept },
      'the status store is damaged; it is kept under another name and built anew from the topics',
    );
  };
  const isDamage = (error: unknown): error is PlatformError => error instanceof PlatformError && error.code === 'STORE_DAMAGED';
  const open = async () => {
    try {
      await mkdir(dirname(file), { recursive: true });
      return await SqliteStatusStore.open(file, clock);
    } catch (error) {
      throw withDiskFaultAtStart(error, file);
    }
  };
  const store = await open().catch(async (error: unknown) => {
    if (!isDamage(error)) throw error;
    await setAside(error);
    return open();
  });
  let hasDamage = false;
  return watched(store, (error) => {
    if (!hasDamage && isDamage(error)) {
      hasDamage = true;
      void setAside(error).finally(() => fatal(error));
    }
    return withDiskFault(error, file);
  });
}

/** Renames a database with the files that belong to it. */
async function renameDatabase(file: string, kept: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) await rename(file + suffix, kept + suffix);
}

/** The store, with a listener for the errors of its methods, which returns the error to throw. */
function watched(store: StatusStore, onError: (error: unknown) => unknown): StatusStore {
  const reported = async <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw onError(error);
    });
  return {
    fold: async (events, beforeCommit, progress, rejects) => reported(store.fold(events, beforeCommit, progress, rejects)),
    progress: async () => reported(store.progress()),
    query: async (query) => reported(store.query(query)),
    search: async (search, lookedAtMax) => reported(store.search(search, lookedAtMax)),
    find: async (project, requestId) => reported(store.find(project, requestId)),
    notices: async (query) => reported(store.notices(query)),
    targets: async (query) => reported(store.targets(query)),
    rejects: async (query) => reported(store.rejects(query)),
    notOver: async (acceptedBefore, limit, after) => reported(store.notOver(acceptedBefore, limit, after)),
    totals: async (query) => reported(store.totals(query)),
    grandTotal: async () => reported(store.grandTotal()),
    minutes: async (project, functionUrns, from, to) => reported(store.minutes(project, functionUrns, from, to)),
    oldestInFlight: async (project, functionUrns) => reported(store.oldestInFlight(project, functionUrns)),
    inFlightBelow: async (offsets, limit) => reported(store.inFlightBelow(offsets, limit)),
    inFlightIn: async (span, limit, after) => reported(store.inFlightIn(span, limit, after)),
    sweep: async (overBefore, limit) => reported(store.sweep(overBefore, limit)),
    isNew: async () => reported(store.isNew()),
    markBuilt: async () => reported(store.markBuilt()),
    close: async () => store.close(),
  };
}
