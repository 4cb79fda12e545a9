import { readFileSync } from 'node:fs';

/** False once the process has ended, even if its parent has not asked for its exit code yet. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
