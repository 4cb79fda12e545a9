import 'reflect-metadata';
import { createServer } from 'node:net';
import { indentedLines, PlatformError, printable } from '#contracts';
import { loadConfig, stopSignals, surviveClosedOutput, systemClock } from '#platform';
import { type Installation, startInstallation } from './installation.ts';
import { StandaloneConfig } from './standalone.config.ts';

const announce = (text: string) => void process.stderr.write(`sendoff: ${indentedLines(text)}\n`);

/**
 * Fails early, before a broker is started.
 * @throws PlatformError `CONFIG_INVALID` if the port cannot be listened on.
 */
async function assertPortIsFree(host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) =>
      reject(
        new PlatformError('CONFIG_INVALID', {
          details: {
            reason: `cannot listen on ${host}:${port}: stop the process that uses the port, or set SENDOFF_PORT (0 = any free port)`,
          },
          cause,
        }),
      ),
    );
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

/** At Ctrl-C, both the terminal and npm send SIGINT. Signals within this time count as one. */
const sameSignalMs = 500;

/**
 * The first signal drains the installation, the second kills it. A signal during the start ends the
 * process at once.
 */
function stopOnSignals(installation: () => Installation | undefined): void {
  let stoppingSince: number | undefined;
  const onSignal = () => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince < sameSignalMs) return;
      installation()?.kill();
      process.exit(130);
    }
    stoppingSince = performance.now();
    const running = installation();
    if (running === undefined) process.exit(130);
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
