import type { ChildProcess } from 'node:child_process';
import type { FunctionDocument } from '#contracts';
import { startEnclosed, type Stdio } from '../walls/start-enclosed.ts';
import type { Cell } from '../walls/walls.ts';
import type { FrameListener } from './frames.ts';
import type { InstanceSetup, ToInstance } from './protocol.ts';

/** Receives what a process does. Nothing that the process sends is trusted. */
export interface ProcessListener extends FrameListener {
  /** The process broke the rules of the channel. Nothing more is read from it. */
  onBreach(): void;
  /** The process has read all that was sent to it. */
  onDrain(): void;
  /** @param text what the process wrote to stdout or stderr. */
  onOutput(text: string): void;
  /**
   * Called once, after everything that the process wrote.
   * @param how a signal, an exit code, or why the process did not start.
   */
  onEnd(how: string): void;
}

/** The process of one instance. It hides how messages travel to and from the process. */
export interface FunctionProcess {
  /** Undefined if the process could not be started. */
  readonly pid: number | undefined;
  /** True while the process has not read what was sent. The next message waits for `onDrain`. */
  readonly isBehind: boolean;
  /** Sends a message. Does nothing once the process has ended. */
  send(message: ToInstance): void;
  /** Must be called once, right after the start. */
  listen(listener: ProcessListener): void;
  /** Ends the process at once. */
  kill(): void;
}

/**
 * Starts the processes of one language.
 *
 * A launcher knows the command line and the channel. Calls, deadlines, memory and the number of
 * processes are the pool's concern. A runtime made of a launcher passes `runtime.conformance.ts`.
 */
export interface ProcessLauncher {
  /** Resident memory of a process without any code, in bytes. It is not charged to the function. */
  readonly overheadBytes: number;
  /** True if the last output of a process, or an error of it, says that memory ran out. */
  isOutOfMemory(text: string): boolean;
  /** @param userData all of it, decrypted. */
  launch(fn: FunctionDocument, cell: Cell, userData: Readonly<Record<string, string>>): FunctionProcess;
  /** The files that its processes read besides their code, relative to the folder `adapters`. */
  readonly programFiles: readonly string[];
}

/** Memory from which an instance is ended, in bytes. */
export function memoryBytesMaxOf(memoryMb: number, overheadBytes: number): number {
  return memoryMb * 1_048_576 + overheadBytes;
}

/**
 * Thousandths of a CPU that belong to a memory size.
 * @see FunctionGraph custom runtimes, RUNTIME_CPU
 */
function cpuMillicoresOf(memoryMb: number): number {
  return Math.round((memoryMb / 128) * 100 + 200);
}

/** The name of a function's version. */
export function versionOf({ version }: FunctionDocument): string {
  return version ?? 'latest';
}

/**
 * Starts a command behind the walls of a cell, with the environment of a function. The process gets
 * no open file of the executor except those of `stdio`.
 */
export function startProcess(
  command: readonly [string, ...string[]],
  fn: FunctionDocument,
  cell: Cell,
  userData: Readonly<Record<string, string>>,
  stdio: readonly Stdio[],
  overheadBytes: number,
): ChildProcess {
  const memoryBytesMax = memoryBytesMaxOf(fn.memoryMb, overheadBytes);
  const cpuMillicores = cpuMillicoresOf(fn.memoryMb);
  return startEnclosed(cell, command, environmentOf(fn, cell, userData), stdio, { memoryBytesMax, cpuMillicores });
}

function setupOf(fn: FunctionDocument, codeDir: string, userData: Readonly<Record<string, string>>): InstanceSetup {
  return {
    codeDir,
    handler: fn.handler,
    ...(fn.initializer === undefined ? {} : { initializer: fn.initializer }),
    functionName: fn.name,
    package: fn.package,
    projectId: fn.project,
    version: versionOf(fn),
    memoryMb: fn.memoryMb,
    cpuMillicores: cpuMillicoresOf(fn.memoryMb),
    timeoutMs: fn.timeoutMs,
    userData,
  };
}

/**
 * The whole environment of a function. It has none of the platform's variables.
 * @see FunctionGraph custom runtimes, RUNTIME_ variables
 */
function environmentOf(
  fn: FunctionDocument,
  { codeDir, tmpDir }: Cell,
  userData: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    SENDOFF_INSTANCE: JSON.stringify(setupOf(fn, codeDir, userData)),
    RUNTIME_PROJECT_ID: fn.project,
    RUNTIME_FUNC_NAME: fn.name,
    RUNTIME_FUNC_VERSION: versionOf(fn),
    RUNTIME_PACKAGE: fn.package,
    RUNTIME_HANDLER: fn.handler,
    RUNTIME_TIMEOUT: String(fn.timeoutMs / 1_000),
    RUNTIME_USERDATA: JSON.stringify(userData),
    RUNTIME_CPU: String(cpuMillicoresOf(fn.memoryMb)),
    RUNTIME_MEMORY: String(fn.memoryMb),
    RUNTIME_CODE_ROOT: codeDir,
    TMPDIR: tmpDir,
    TZ: 'UTC',
  };
}
