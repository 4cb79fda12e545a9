/**
 * Connections to a server that may go away at any time.
 *
 * K1. A connection that breaks fails the call that uses it, and nothing else.
 * K2. A server that answers nothing is given up after a time. Its connection is closed: the next
 *     call would wait behind the unanswered one.
 */
import { type Dialect, type PostgresPool, PostgresDialect } from 'kysely';
import pg from 'pg';

const connectTimeoutMs = 5_000;
/** A process that stands still loses its transaction, so that others can go on. */
const idleTimeoutMs = 20_000;

/** Bounds of the connections of one pool. */
export interface PoolBounds {
  readonly connectionsMax: number;
  /** Longest wait for an answer of the server, in milliseconds (K2). */
  readonly answerTimeoutMs: number;
  /** Bounds that the server keeps. */
  readonly server: Pick<pg.PoolConfig, 'lock_timeout' | 'statement_timeout'>;
}

/** Connects to a database when it is asked the first question. */
export function dialectOf(url: string, { connectionsMax, answerTimeoutMs, server }: PoolBounds): Dialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    idle_in_transaction_session_timeout: idleTimeoutMs,
    query_timeout: answerTimeoutMs,
    application_name: 'sendoff status-logger',
    keepAlive: true,
    ...server,
    // Times and stages are below 2^53.
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === pg.types.builtins.INT8 ? Number : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
    } as pg.CustomTypesConfig,
  });
  // K1: without listeners the error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return new PostgresDialect({ pool: withoutSilentOnes(pool) });
}

/** The pool, without the connections that did not answer in time (K2). */
function withoutSilentOnes(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: async () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let isSilent = false;
      const query = async (text: string, values: readonly unknown[]) => {
        if (isSilent) throw new Error('the connection is closed, because the database did not answer');
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          // An answer of the server has a code.
          isSilent = (error as { readonly code?: unknown }).code === undefined;
          throw error;
        }
      };
      return { query, release: () => client.release(isSilent) } as unknown as Awaited<ReturnType<PostgresPool['connect']>>;
    },
  };
}
