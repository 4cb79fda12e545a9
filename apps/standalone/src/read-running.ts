import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningInstallation } from './installation.ts';

/** Finds the installation that runs on this machine. @throws Error if no installation runs. */
export async function readRunning(): Promise<RunningInstallation> {
  const file = join(process.env['SENDOFF_DATA_DIR'] ?? '.sendoff', 'running.json');
  try {
    const running = JSON.parse(await readFile(file, 'utf8')) as Partial<RunningInstallation> | null;
    if (typeof running?.url === 'string') return running as RunningInstallation;
  } catch {
    // It tells of no installation either.
  }
  throw new Error(
    `Sendoff does not run here: ${file} tells of no installation. Run npm start in another terminal with the same SENDOFF_DATA_DIR`,
  );
}
