import { join } from 'node:path';
import type { Clock } from '#platform';
import type { StatusLoggerConfig } from '../status-logger.config.ts';
import type { StatusStore } from '../status-store.ts';
import { SqliteStatusStore } from './sqlite-status-store.ts';

/**
 * Opens the status store that the config asks for: `status.db` in the data folder. A second adapter
 * is chosen here.
 * @throws PlatformError `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
 */
export async function openStatusStore(config: Readonly<StatusLoggerConfig>, clock: Clock): Promise<StatusStore> {
  return SqliteStatusStore.open(join(config.dataDir, 'status.db'), clock);
}
