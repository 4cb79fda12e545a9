import type { InstanceSetup } from '../process-runtime/protocol.ts';
import type { Call } from './bootstrap-channel.ts';

const bootedAt = performance.now();

/** The second argument of a handler. @see FunctionGraph developer guide, Node.js context */
export function contextOf(
  setup: InstanceSetup,
  { requestId, timeoutMs, alias }: Pick<Call, 'requestId' | 'timeoutMs' | 'alias'>,
  signal: AbortSignal,
): Record<string, unknown> {
  const begunAt = performance.now();
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error', 'log'].map((level) => [
      level,
      (...words: unknown[]) => console.log(`[${level.toUpperCase()}]`, ...words),
    ]),
  );
  return {
    getRequestID: () => requestId,
    getRemainingTimeInMilliSeconds: () => Math.max(0, Math.floor(timeoutMs - (performance.now() - begunAt))),
    getRunningTimeInSeconds: () => setup.timeoutMs / 1_000,
    getUserData: (key: string) => setup.userData[key],
    getFunctionName: () => setup.functionName,
    getVersion: () => setup.version,
    getMemorySize: () => setup.memoryMb,
    getCPUNumber: () => setup.cpuMillicores,
    getPackage: () => setup.package,
    getProjectID: () => setup.projectId,
    getAlias: () => alias,
    getLogger: () => logger,
    // Agencies here have no cloud account, so there are no temporary keys.
    getToken: () => '',
    getAccessKey: () => '',
    getSecretKey: () => '',
    getSecurityAccessKey: () => '',
    getSecuritySecretKey: () => '',
    getSecurityToken: () => '',
    getUserToken: () => '',
    uptimeMs: () => performance.now() - bootedAt,
    signal,
  };
}
