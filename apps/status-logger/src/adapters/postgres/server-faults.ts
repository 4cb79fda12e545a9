import { type Kysely, sql } from 'kysely';
import { PlatformError } from '#contracts';

/** The oldest version of PostgreSQL that is tested and gets fixes of its makers. */
const versionMin = 14;

/** A server as a status-logger sees it. */
export interface ServerFacts {
  /** As `server_version_num`: the version times 10,000, plus the minor version. */
  readonly version: number;
  /** The account of this connection. */
  readonly who: string;
  /** The schema in which tables are made; null if no schema of the search path exists. */
  readonly schema: string | null;
  readonly mayCreate: boolean;
  /** A standby, or a database that was set to read only. */
  readonly isReadOnly: boolean;
  /** Tables of Sendoff that belong to accounts which this one cannot act for. */
  readonly strangers: readonly { readonly name: string; readonly owner: string }[];
}

/** States of SQL that no repetition cures: a wrong account, a missing database, a missing right. */
const refusals = new Set(['28000', '28P01', '3D000', '3F000', '42501']);

/** The state of SQL for a name that is taken. */
const taken = '42P07';

/** States of SQL of a table or a column that is gone. */
const lost = new Set(['42P01', '42703']);

/** Errors of TLS that no repetition cures, as Node.js names them. */
const tlsRefusals = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Tables that migrations make. The store adds partitions to some. */
const tableNames = [
  ...['invocations', 'counts', 'built', 'progress', 'notices', 'tags', 'rejects', 'rejects_removed', 'reject_counts'],
  ...['function_totals', 'function_minutes'],
];
const tablesOfSendoff = `^(${[...tableNames, 'kysely_migration'].join('|')})`;

/** Tells what to change so that the server can hold the records; empty if nothing. */
export function serverFaults({ version, who, schema, mayCreate, isReadOnly, strangers }: ServerFacts): readonly string[] {
  const faults: string[] = [];
  const text = `${Math.floor(version / 10_000)}.${version % 10_000}`;
  if (version < versionMin * 10_000)
    faults.push(`PostgreSQL is version ${text}, and Sendoff needs ${versionMin} or newer: update the server`);
  if (isReadOnly) faults.push('the database is read only: name the primary server in DATABASE_URL, not a standby or a reader');
  if (schema === null) faults.push(`the account ${who} has no schema: create one that its search_path names`);
  else if (!mayCreate)
    faults.push(
      `the account ${who} may not create tables in the schema ${schema}: GRANT CREATE ON SCHEMA "${schema}" TO "${who}"`,
    );
  const [stranger] = strangers;
  if (stranger !== undefined) {
    const changes = strangers.map(({ name }) => `ALTER TABLE "${name}" OWNER TO "${who}"`);
    faults.push(`the table ${stranger.name} belongs to ${stranger.owner}, and not to ${who}: ${changes.join('; ')}`);
  }
  return faults;
}

/**
 * Checks version and rights before anything is changed.
 * @returns the schema in which tables are made.
 * @throws PlatformError `STORE_UNSUITABLE` with all faults.
 */
export async function checkServer(tables: Kysely<unknown>): Promise<string> {
  const { rows } = await sql<ServerFacts>`
    SELECT current_setting('server_version_num')::integer AS version, current_user::text AS who, current_schema()::text AS schema,
      coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreate",
      current_setting('transaction_read_only') = 'on' AS "isReadOnly",
      coalesce((SELECT json_agg(json_build_object('name', tablename, 'owner', tableowner) ORDER BY tablename) FROM pg_tables
        WHERE schemaname = current_schema() AND tablename ~ ${tablesOfSendoff} AND NOT pg_has_role(tableowner, 'USAGE')), '[]') AS strangers`.execute(
    tables,
  );
  const faults = rows.flatMap((facts) => serverFaults(facts));
  if (faults.length > 0) throw unsuitable(faults.join('; '));
  return rows[0]?.schema ?? 'public';
}

/**
 * Checks after the migrations that nobody has dropped a part of the tables.
 * @throws PlatformError `STORE_UNSUITABLE` with the names.
 */
export async function checkTables(tables: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM unnest(${tableNames}::text[]) AS expected (name)
    WHERE to_regclass(quote_ident(current_schema()) || '.' || quote_ident(name)) IS NULL`.execute(tables);
  if (rows.length === 0) return;
  const gone = new Set(rows.map(({ name }) => name));
  const left = [...tableNames.filter((name) => !gone.has(name)), 'kysely_migration', 'kysely_migration_lock'];
  throw unsuitable(
    `tables are gone: ${[...gone].join(', ')}. Restore them from a backup. Or drop the others, and the records are built again ` +
      `from the topics: DROP TABLE IF EXISTS ${left.join(', ')}`,
  );
}

/**
 * The error of a failed call of the database: `STORE_UNSUITABLE` if the server refuses the account,
 * `STORE_DAMAGED` if a table is gone, else `STORE_UNAVAILABLE`. An error of the platform stays as
 * it is.
 */
export function storeError(cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause;
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string' && refusals.has(code))
    return unsuitable(`${String(message)}; check the account and its rights, and DATABASE_URL`, cause);
  if (code === taken)
    return unsuitable(`${String(message)}: name a database or a search_path without tables of others in DATABASE_URL`, cause);
  if (typeof code === 'string' && lost.has(code))
    return new PlatformError('STORE_DAMAGED', { details: { reason: String(message) }, cause });
  if (typeof code === 'string' && tlsRefusals.has(code))
    return unsuitable(
      `the certificate of the server is not trusted: ${String(message)}; name its authority in DATABASE_CA_FILE, and the server as its certificate does`,
      cause,
    );
  return new PlatformError('STORE_UNAVAILABLE', { cause });
}

function unsuitable(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('STORE_UNSUITABLE', { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}
