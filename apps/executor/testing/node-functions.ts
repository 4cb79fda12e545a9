import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionDocument } from '#contracts';
import { type CodeStoreSettings, openCodeStore } from '#objects';
import { type IsolationLevel, Sealer, systemClock } from '#platform';
import { aFunction } from '#testing';
import { launchers } from '../src/adapters/launchers.ts';
import { CodeFolders } from '../src/adapters/process-runtime/code-folders.ts';
import { ProcessRuntime } from '../src/adapters/process-runtime/process-runtime.ts';
import { callOf } from '../src/runtime.conformance.ts';
import type { FunctionCall } from '../src/runtime.ts';
import { openTestWalls } from './walls-here.ts';

/** The settings of {@link openNodeFunctions}. */
export interface NodeFunctionsSettings {
  readonly instancesMax?: number;
  /** Default: `none`. */
  readonly isolation?: IsolationLevel;
  readonly tmpBytesMax?: number;
  /** Receives each text of the function log. Default: nobody. */
  readonly onLog?: (requestId: string, text: string) => void;
}

/** Opens the encrypted user data of the functions. */
export const sealer = new Sealer('a-platform-key-of-32-characters-at-least');

/** A runtime with real Node.js processes, in a folder of its own. */
export async function openNodeFunctions({
  instancesMax = 4,
  isolation = 'none',
  tmpBytesMax,
  onLog,
}: NodeFunctionsSettings = {}) {
  const workDir = await mkdtemp(join(tmpdir(), 'sendoff-node-'));
  const store = openCodeStore({ dataDir: join(workDir, 'store') } as CodeStoreSettings, systemClock);
  const log = {
    write: (_fn: FunctionDocument, requestId: string, text: string) => onLog?.(requestId, text),
    close: async () => undefined,
  };
  const walls = await openTestWalls(isolation, workDir, tmpBytesMax === undefined ? {} : { tmpBytesMax });
  const folders = new CodeFolders(workDir, store, 10, walls, 10 * 1_073_741_824);
  const runtime = new ProcessRuntime({ launchers, folders, sealer, instancesMax, idleMs: 60_000 }, systemClock, log);
  return {
    runtime,
    workDir,
    store,
    walls,
    /** Runs a function once, with an event. */
    run: async (fn: FunctionDocument, event: unknown = {}, given: Partial<FunctionCall> = {}) =>
      runtime.run(callOf(fn, { payload: Buffer.from(JSON.stringify(event)), ...given }), new AbortController().signal),
    close: async () => {
      await runtime.close();
      await rm(workDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The result of {@link openNodeFunctions}. */
export type NodeFunctions = Awaited<ReturnType<typeof openNodeFunctions>>;

/** An inline function with this source. */
export const withSource = (source: string, given: Partial<FunctionDocument> = {}): FunctionDocument =>
  aFunction({ code: { kind: 'inline', source, digest: createHash('sha512').update(source).digest('hex') }, ...given });
