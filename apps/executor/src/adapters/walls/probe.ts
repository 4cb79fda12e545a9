import { startEnclosed } from './start-enclosed.ts';
import type { Cell } from './walls.ts';

/** A probe works, or the reason why it does not. */
export type ProbeAnswer = { readonly kind: 'works' } | { readonly kind: 'fails'; readonly reason: string };

const probeTimeoutMs = 10_000;
const share = { memoryBytesMax: 128 * 1_048_576, cpuMillicores: 1_000 };
const program = 'process.stdout.write(require("node:fs").readFileSync("/proc/self/status"))';

/**
 * Starts Node.js in a cell and reads from inside how the kernel describes the process.
 * @param wanted lines of `/proc/self/status` that must be there.
 */
export async function probe(cell: Cell, wanted: readonly string[]): Promise<ProbeAnswer> {
  const child = startEnclosed(cell, [cell.executable, '-e', program], {}, ['ignore', 'pipe', 'pipe'], share);
  let status = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => (status += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), probeTimeoutMs);
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  clearTimeout(timer);
  if (how !== 'exit code 0') return { kind: 'fails', reason: errors.trim().split('\n').at(-1) || how };
  const lines = status.split('\n').map((line) => line.replace(/\s+/g, ' '));
  const lacking = wanted.filter((line) => !lines.includes(line));
  return lacking.length === 0
    ? { kind: 'works' }
    : { kind: 'fails', reason: `the kernel does not show "${lacking.join('", "')}"` };
}
