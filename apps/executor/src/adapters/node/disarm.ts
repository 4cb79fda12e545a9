/**
 * Removes from `process` what reaches beyond the permission model or past our own handles. It runs
 * before any code of the function.
 */

/** Members without a use for functions: signals to any process, native code, other users. */
const removed = [
  '_debugProcess',
  '_debugEnd',
  '_linkedBinding',
  '_getActiveHandles',
  '_getActiveRequests',
  '_startProfilerIdleNotifier',
  '_stopProfilerIdleNotifier',
  'binding',
  'execve',
  'setuid',
  'seteuid',
  'setgid',
  'setegid',
  'setgroups',
  'initgroups',
] as const;

for (const name of removed) Object.defineProperty(process, name, { value: undefined, writable: false, configurable: false });

const { pid } = process;
const handles = process as unknown as Record<'_kill', (target: number, signal: number) => number>;
const anySignal = handles._kill.bind(process);
const notPermitted = -1;
// `process.kill` uses it.
Object.defineProperty(process, '_kill', {
  value: (target: number, signal: number) => (target === pid ? anySignal(target, signal) : notPermitted),
  writable: false,
  configurable: false,
});
