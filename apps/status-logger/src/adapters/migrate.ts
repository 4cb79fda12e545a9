import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { PlatformError } from '#contracts';

/** A step of a schema, from its statements. */
export function stepOf(statements: readonly string[]): Migration {
  return {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

/**
 * Brings the schema of a database up to this version.
 * @param steps by name, in the order of their names.
 * @param place where the database is, for the error.
 * @param schema that holds the tables, where a database has several. Other applications may keep
 *   their migrations in others.
 * @throws PlatformError `STORE_TOO_NEW` if a newer version of the software has changed the schema.
 */
export async function migrate(
  tables: Kysely<unknown>,
  steps: Readonly<Record<string, Migration>>,
  place: string,
  schema?: string,
): Promise<void> {
  const newer = (await appliedSteps(tables, schema)).find((name) => !Object.hasOwn(steps, name));
  if (newer !== undefined) throw tooNew(place, newer);
  const migrator = new Migrator({
    db: tables,
    provider: { getMigrations: async () => ({ ...steps }) },
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** The error for a database that has a step of a newer version of the software. */
export function tooNew(place: string, step: string): PlatformError {
  return new PlatformError('STORE_TOO_NEW', {
    details: {
      reason:
        `${place} was changed by a newer version of the software (${step}). Start that version, or move the data away: ` +
        'a new store begins with what the topics still hold.',
    },
  });
}

/** Names of the steps that the database has. */
async function appliedSteps(tables: Kysely<unknown>, ofSchema?: string): Promise<readonly string[]> {
  const all = await tables.introspection.getTables({ withInternalKyselyTables: true });
  if (!all.some(({ name, schema }) => name === 'kysely_migration' && schema === ofSchema)) return [];
  return (await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(tables)).rows.map(({ name }) => name);
}
