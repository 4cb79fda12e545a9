/**
 * The parts of the platform that need nothing but Node.js. A command that lives for a second loads
 * them without the frameworks of a service.
 */
export { type Clock, type Random, systemClock, type Timer } from './clock.ts';
export { directRequest, openDirectRequest, textOf } from './direct-request.ts';
export { lowerPriority } from './lower-priority.ts';
export { packageVersion } from './package-version.ts';
export {
  exitCodeOf,
  sameSignalMs,
  type SignalReport,
  stopMessage,
  stopSignals,
  supervisedArgument,
  surviveClosedOutput,
} from './process-ends.ts';
export { writeWholeFile } from './whole-file.ts';
