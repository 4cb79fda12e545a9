import type { Contender, RunningContender } from './contender.ts';
import { BenchInstallation, functionBody } from './installation.ts';
import { TimedFunction } from './timed-function.ts';

/** Sendoff as a contender that also shows its installation. */
export interface RunningSendoff extends RunningContender {
  readonly installation: BenchInstallation;
}

/** Starts a whole installation with the functions `noop` and `timed`. */
export async function startSendoff(env: Readonly<Record<string, string>> = {}): Promise<RunningSendoff> {
  const timed = await TimedFunction.start();
  const installation = await BenchInstallation.start(env);
  await installation.createFunction('noop', 'exports.handler = async () => 1;');
  await installation.call('POST', '', {
    ...functionBody('timed', { code_type: 'inline', func_code: {}, code_url: timed.url }),
    runtime: 'http',
    handler: 'x',
    strategy_config: { concurrency: 100, concurrent_num: 100 },
  });
  const targetOf = (name: string) => ({
    url: `${installation.functionsUrl}/${name}/invocations-async`,
    headers: installation.tokenHeaders,
  });
  return {
    installation,
    calls: targetOf('noop'),
    timedCalls: targetOf('timed'),
    untilEnded: async (calls) => installation.untilSucceeded('noop', calls),
    takeStartDelays: async () => timed.take(),
    // Executors that were added are children of this process, and so is the installation.
    cpu: async () => installation.cpu(),
    async stop() {
      await installation.stop();
      timed.stop();
    },
  };
}

/** This checkout. */
export const sendoff: Contender = { name: 'sendoff', start: startSendoff };
