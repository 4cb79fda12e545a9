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
  /** Tables of Sendoff that belong to accounts which this one cannot act for. */
  readonly strangers: readonly { readonly name: string; readonly owner: string }[];
}

/** States of SQL that no repetition cures: a wrong account, a missing database, a missing right. */
const refusals = new Set(['28000', '28P01', '3D000', '3F000', '42501']);

/** Tables that migrations change, and to which the store adds partitions. */
const tablesOfSendoff = '^(invocations|counts|built|progress|notices|tags|function_totals|function_minutes|kysely_migration)';

/** Tells what to change so that the server can hold the records; empty if nothing. */
export function serverFaults({ version, who, schema, mayCreate, strangers }: ServerFacts): readonly string[] {
  const faults: string[] = [];
  const text = `${Math.floor(version / 10_000)}.${version % 10_000}`;
  if (version < versionMin * 10_000)
    faults.push(`PostgreSQL is version ${text}, and Sendoff needs ${versionMin} or newer: update the server`);
  if (schema === null) faults.push(`the account ${who} has no schema: create one that its search_path names`);
  else if (!mayCreate)
    faults.push(
      `the account ${who} may not create tables in the schema ${schema}: GRANT CREATE ON SCHEMA "${schema}" TO "${who}"`,
    );
  const [stranger] = strangers;
  if (stranger !== undefined) {
    const { name, owner } = stranger;
    faults.push(`the table ${name} belongs to ${owner}, and not to ${who}: REASSIGN OWNED BY "${owner}" TO "${who}"`);
  }
  return faults;
}

/**
 * Checks version and rights before anything is changed.
 * @throws PlatformError `STORE_UNSUITABLE` with all faults.
 */
export async function checkServer(tables: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<ServerFacts>`
    SELECT current_setting('server_version_num')::integer AS version, current_user::text AS who, current_schema()::text AS schema,
      coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreate",
      coalesce((SELECT json_agg(json_build_object('name', tablename, 'owner', tableowner) ORDER BY tablename) FROM pg_tables
        WHERE schemaname = current_schema() AND tablename ~ ${tablesOfSendoff} AND NOT pg_has_role(tableowner, 'USAGE')), '[]') AS strangers`.execute(
    tables,
  );
  const faults = rows.flatMap((facts) => serverFaults(facts));
  if (faults.length > 0) throw unsuitable(faults.join('; '));
}

/**
 * The error of a failed call of the database: `STORE_UNSUITABLE` if the server refuses the account,
 * else `STORE_UNAVAILABLE`. An error of the platform stays as it is.
 */
export function storeError(cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause;
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === 'string' && refusals.has(code)
    ? unsuitable(`${String(message)}; check the account and its rights, and DATABASE_URL`, cause)
    : new PlatformError('STORE_UNAVAILABLE', { cause });
}

function unsuitable(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('STORE_UNSUITABLE', { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}
