import 'reflect-metadata';
import { indentedLines, PlatformError, printable } from '#contracts';
import { exitCodeOf, loadConfig, sameSignalMs, stopSignals, surviveClosedOutput, systemClock } from '#platform';
import { type Installation, startInstallation } from './installation.ts';
import { assertPortIsFree } from './port-check.ts';
import { StandaloneConfig } from './standalone.config.ts';

const announce = (text: string) => void process.stderr.write(`sendoff: ${indentedLines(text)}\n`);

/**
 * The first signal drains the installation, the second kills it. A signal during the start ends the
 * process at once.
 */
function stopOnSignals(installation: () => Installation | undefined): void {
  let stoppingSince: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince < sameSignalMs) return;
      installation()?.kill();
      process.exit(exitCodeOf(signal));
    }
    stoppingSince = performance.now();
    const running = installation();
    if (running === undefined) process.exit(exitCodeOf(signal));
    announce('draining; press Ctrl-C again to stop at once');
    void running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        announce(`could not stop cleanly: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
}

async function main(): Promise<void> {
  let installation: Installation | undefined;
  surviveClosedOutput();
  stopOnSignals(() => installation);
  // While every part waits to be started again, nothing else would keep this process alive.
  setInterval(() => undefined, 2 ** 30);
  try {
    const config = loadConfig(StandaloneConfig);
    await assertPortIsFree(config.host, config.port);
    installation = await startInstallation(config, systemClock, announce);
    if (installation.hasNewCredentials)
      process.stdout.write(`Credentials were created in ${printable(installation.credentialsFile)}\n`);
    else process.stdout.write(`Credentials are in ${printable(installation.credentialsFile)}\n`);
    process.stdout.write(`Sendoff is ready on ${installation.url}\n`);
  } catch (error) {
    const isUnderstood = error instanceof PlatformError || (error as NodeJS.ErrnoException).syscall !== undefined;
    announce(String(isUnderstood ? (error as Error).message : error instanceof Error ? error.stack : error));
    process.exit(1);
  }
}

await main();
