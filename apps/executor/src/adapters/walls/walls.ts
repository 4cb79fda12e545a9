import type { IsolationLevel } from '#platform';

/** Paths as the process of one instance sees them. */
export interface CellPaths {
  /** The program of the language, for example Node.js. */
  readonly executable: string;
  /** Holds the files that launchers name in `programFiles`, under the same relative paths. */
  readonly programDir: string;
  readonly codeDir: string;
  /** The only folder that the instance may write to. */
  readonly tmpDir: string;
}

/** Memory and CPU that an instance may use. */
export interface InstanceShare {
  /** Memory from which the watch ends the process, in bytes. */
  readonly memoryBytesMax: number;
  /** Thousandths of a CPU. Only a cgroup enforces them. */
  readonly cpuMillicores: number;
}

/** Needs of a command that its walls must not take. */
export interface CommandNeeds extends InstanceShare {
  /** The first file descriptor that the command does not need itself. */
  readonly firstFd: number;
}

/** A command line with its walls. */
export interface EnclosedCommand {
  readonly command: readonly [string, ...string[]];
  /** Open files that the command expects as file descriptors from `firstFd` on, in this order. */
  readonly files: readonly number[];
}

/** The place of one instance. */
export interface Cell extends CellPaths {
  /** Puts the walls around a command. */
  enclose(command: readonly [string, ...string[]], needs: CommandNeeds): EnclosedCommand;
  /** False if the walls let the instance start no process. */
  readonly canFork: boolean;
  /** Limits of the temporary folder that the watch enforces. Absent if the level has none. */
  readonly tmpLimits?: TmpLimits;
  /** True if the kernel ended the instance for its memory. Absent if the kernel has no limit. */
  readonly hasRunOutOfMemory?: () => boolean;
  /** Must be called once the instance has ended. */
  release(): void;
}

/** Limits of the temporary folder of an instance. */
export interface TmpLimits {
  readonly bytesMax: number;
  readonly filesMax: number;
  /** The folder on the host, or undefined if it is a file system of the instance's own. */
  readonly hostPath?: string;
}

/** Walls around the processes of functions. */
export interface Walls {
  readonly level: IsolationLevel;
  /** Makes a place for one instance. @throws Error if a folder cannot be made. */
  cellFor(codeDir: string): Promise<Cell>;
  /** Lets instances read a complete code folder, and nobody else where the level has users. */
  openCode(codeDir: string): Promise<void>;
  /** Takes back what {@link openCode} gave, when the folder is deleted. */
  closeCode(codeDir: string): void;
}

/** Threads of an instance with a user of its own. An idle Node.js has 11. */
export const threadsMax = 128;
