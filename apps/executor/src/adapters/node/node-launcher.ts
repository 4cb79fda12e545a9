import type { ChildProcess } from 'node:child_process';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FunctionDocument } from '#contracts';
import type { Workplace } from '../process-runtime/code-folders.ts';
import { type FunctionProcess, type ProcessLauncher, startProcess } from '../process-runtime/process-launcher.ts';
import type { ToInstance } from '../process-runtime/protocol.ts';

const extension = extname(fileURLToPath(import.meta.url));
const bootstrapFile = fileURLToPath(new URL(`./bootstrap${extension}`, import.meta.url));

/**
 * Starts Node.js with its permission model: the process may read its code and write its temporary
 * folder. It may not start processes, workers or addons.
 */
export const nodeLauncher: ProcessLauncher = {
  overheadBytes: 64 * 1_048_576,

  isOutOfMemory: (outputTail) => outputTail.includes('heap out of memory'),

  launch(fn: FunctionDocument, workplace: Workplace, userData: Readonly<Record<string, string>>): FunctionProcess {
    const { codeDir, tmpDir } = workplace;
    const command = [
      process.execPath,
      '--permission',
      `--allow-fs-read=${dirname(bootstrapFile)}`,
      `--allow-fs-read=${codeDir}`,
      `--allow-fs-read=${tmpDir}`,
      `--allow-fs-write=${tmpDir}`,
      `--max-old-space-size=${fn.memoryMb}`,
      '--disable-warning=SecurityWarning',
      '--disable-warning=ExperimentalWarning',
      bootstrapFile,
    ] as const;
    return new NodeProcess(startProcess(command, fn, workplace, userData, ['ignore', 'pipe', 'pipe', 'ipc']));
  },
};

/** A Node.js process; messages travel on Node's own channel between processes. */
class NodeProcess implements FunctionProcess {
  constructor(private readonly child: ChildProcess) {
    // A message that cannot be sent is lost with the process: onEnd tells.
    child.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(messages: readonly ToInstance[]): void {
    if (this.child.connected) this.child.send(messages, () => undefined);
  }

  onMessages(listener: (sent: unknown) => void): void {
    this.child.on('message', listener);
  }

  onOutput(listener: (chunk: Buffer) => void): void {
    this.child.stdout?.on('data', listener);
    this.child.stderr?.on('data', listener);
  }

  onEnd(listener: (how: string) => void): void {
    this.child.once('exit', (code, signal) => listener(signal ?? `exit code ${code}`));
    // A process that could not be started never exits.
    if (this.child.pid === undefined) this.child.once('error', (error) => listener(error.message));
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
