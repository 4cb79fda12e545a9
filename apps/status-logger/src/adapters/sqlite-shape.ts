import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { PlatformError } from '#contracts';
import { nodeSqliteDialect } from './sqlite-dialect.ts';
import { migrateSqlite } from './sqlite-migrations.ts';

/** Tables with their columns, indexes and triggers. */
const shapeText = `
  SELECT type || ' ' || name AS part FROM sqlite_master
  UNION SELECT 'column ' || tables.name || '.' || columns.name
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'`;

function partsOf(database: DatabaseSync): ReadonlySet<string> {
  return new Set(
    database
      .prepare(shapeText)
      .all()
      .map(({ part }) => String(part)),
  );
}

/**
 * Compares a migrated database with a new one. Somebody may have removed a table, or another
 * program may have made one of the same name.
 * @throws PlatformError `STORE_DAMAGED` if the database lacks a part.
 */
export async function checkShape(database: DatabaseSync, file: string): Promise<void> {
  const model = new DatabaseSync(':memory:');
  try {
    await migrateSqlite(new Kysely<unknown>({ dialect: nodeSqliteDialect(model) }), file);
    const found = partsOf(database);
    const missing = [...partsOf(model)].find((part) => !found.has(part));
    if (missing !== undefined) throw new PlatformError('STORE_DAMAGED', { details: { reason: `${file} has no ${missing}` } });
  } finally {
    model.close();
  }
}
