import { extname, join } from 'node:path';
import type { FunctionDocument } from '#contracts';
import { FramedProcess } from '../process-runtime/framed-process.ts';
import { type FunctionProcess, type ProcessLauncher, startProcess } from '../process-runtime/process-launcher.ts';
import type { Cell } from '../walls/walls.ts';

const extension = extname(import.meta.url);
/** The files of the program that loads the user's code. */
const programs = [
  'bootstrap',
  'bootstrap-channel',
  'bootstrap-context',
  'bootstrap-ends',
  'bootstrap-errors',
  'bootstrap-garbage',
  'bootstrap-handlers',
  'bootstrap-missing',
  'bootstrap-output',
  'bootstrap-parameters',
  'disarm',
] as const;

/**
 * Starts Node.js with its permission model: the process may read its code and write its temporary
 * folder. It may not start processes, workers, addons, an inspector or WASI. `node:sqlite` opens
 * files behind the back of the permission model, so the process does not have it.
 */
export const nodeLauncher: ProcessLauncher = {
  overheadBytes: 64 * 1_048_576,
  programFiles: programs.map((name) => `node/${name}${extension}`),

  isOutOfMemory: (text) =>
    /heap out of memory|Array buffer allocation failed|could not allocate memory|Failed to allocate memory/.test(text),

  launch(fn: FunctionDocument, cell: Cell, userData: Readonly<Record<string, string>>): FunctionProcess {
    const { codeDir, tmpDir, programDir, executable } = cell;
    const command = [
      executable,
      '--permission',
      `--allow-fs-read=${programDir}`,
      `--allow-fs-read=${codeDir}`,
      `--allow-fs-read=${tmpDir}`,
      `--allow-fs-write=${tmpDir}`,
      `--max-old-space-size=${fn.memoryMb}`,
      '--disable-sigusr1',
      '--no-addons',
      '--no-experimental-sqlite',
      '--disable-warning=SecurityWarning',
      '--disable-warning=ExperimentalWarning',
      join(programDir, `node/bootstrap${extension}`),
    ] as const;
    return new FramedProcess(startProcess(command, fn, cell, userData, ['ignore', 'pipe', 'pipe', 'pipe'], this.overheadBytes));
  },
};
