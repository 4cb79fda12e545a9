import { type Entries, missingEntries } from './missing-entries.ts';
import type { SecretInCluster } from './secret-in-cluster.ts';

/**
 * Makes a Secret, or adds what it lacks.
 * @returns the entries that were added.
 * @throws PlatformError `CONFIG_INVALID` as {@link missingEntries}.
 * @throws Error if the API server refuses.
 */
export async function completeSecret(secret: SecretInCluster): Promise<Entries> {
  const present = await secret.read();
  const missing = await missingEntries(present ?? {});
  if (present === undefined) return (await secret.create(missing)) ? missing : completeSecret(secret);
  if (Object.keys(missing).length > 0) await secret.add(missing);
  return missing;
}
