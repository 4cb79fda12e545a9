import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FunctionDocument } from '#contracts';
import type { Workplace } from '../process-runtime/code-folders.ts';
import { FramedProcess } from '../process-runtime/framed-process.ts';
import { type FunctionProcess, type ProcessLauncher, startProcess } from '../process-runtime/process-launcher.ts';

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
    return new FramedProcess(startProcess(command, fn, workplace, userData, ['ignore', 'pipe', 'pipe', 'pipe']));
  },
};
