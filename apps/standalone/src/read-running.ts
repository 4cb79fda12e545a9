import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningInstallation } from './installation.ts';

/** What runs on this machine. @throws Error that says what to do when nothing does. */
export async function readRunning(): Promise<RunningInstallation> {
  const file = join(process.env['SENDOFF_DATA_DIR'] ?? '.sendoff', 'running.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RunningInstallation;
  } catch {
    throw new Error(
      `nothing runs here: ${file} is not there. Start Sendoff with npm start in another terminal, with the same SENDOFF_DATA_DIR`,
    );
  }
}
