import { nodeLauncher } from './node/node-launcher.ts';
import type { Launchers } from './process-runtime/process-runtime.ts';

/** The launcher of each kind of runtime whose functions are files. */
export const launchers: Launchers = { node: nodeLauncher };
