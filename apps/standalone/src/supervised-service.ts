/**
 * Runs one service as a child process and restarts it when it ends.
 *
 * starting -> ready -> (ended -> waiting -> starting)* -> stopped
 *
 * 1. Each child has its own process group: Ctrl-C in the terminal reaches the parent only, which
 *   stops its children in order.
 * 2. A child ends by itself if its parent has died: its IPC channel closes, and runService drains.
 * 3. The wait before a restart doubles from 250 ms to 10 s. It starts at 250 ms again after a child
 *   has run for 30 s.
 * 4. A restarted child listens on the port of its first run, so that its peers find it again.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { PlatformError } from '#contracts';
import { type Clock, configInvalidExitCode, refusedExitCode, type Timer } from '#platform';

/** A service to run. */
export interface ServiceSpec {
  readonly name: string;
  readonly modulePath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Port of the first run. 0 lets the system choose. */
  readonly port: number;
}

/** Writes a line for the operator. */
export type Announce = (line: string) => void;

/** Arguments of Node.js. A service that ignores SIGUSR1 cannot be made to open its inspector. */
const serviceArguments = [
  '--disable-sigusr1',
  '--disable-warning=TimeoutNegativeWarning',
  '--disable-warning=ExperimentalWarning',
] as const;

const restartWaitMs = { first: 250, max: 10_000 } as const;
const stableAfterMs = 30_000;
const failedStartsMax = 3;

function configInvalid(name: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', {
    details: { reason: `${name} cannot start with this environment; see its log lines above` },
  });
}

function refused(name: string): PlatformError {
  return new PlatformError('SERVICE_START_FAILED', {
    details: { reason: `the brokers refuse ${name}; see its log lines above` },
  });
}

/** A child process that is restarted whenever it ends unexpectedly. */
export class SupervisedService {
  private child: ChildProcess | undefined;
  private restart: Timer | undefined;
  private waitMs: number = restartWaitMs.first;
  private startedAt = 0;
  private isStopping = false;
  private failedStarts = 0;
  private port: number;
  private url: string | undefined;

  constructor(
    private readonly spec: ServiceSpec,
    private readonly clock: Clock,
    private readonly announce: Announce,
  ) {
    this.port = spec.port;
  }

  get name(): string {
    return this.spec.name;
  }

  /** Process id of the running child. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /**
   * Starts the child and keeps it running.
   * @returns the address of the child once it is ready for the first time.
   * @throws PlatformError `SERVICE_START_FAILED` if the child ends three times before it is ready,
   *   or once because the brokers refuse it;
   *   `CONFIG_INVALID` if its environment is not valid.
   */
  async start(): Promise<string> {
    return new Promise((resolve, reject) => this.launch(resolve, reject));
  }

  private launch(onReady: (url: string) => void, onFailed: (error: Error) => void): void {
    this.startedAt = this.clock.elapsedMs();
    const child = fork(this.spec.modulePath, {
      env: { ...this.spec.env, SERVICE_PORT: String(this.port) },
      execArgv: [...serviceArguments],
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    child.on('message', (message: { readonly ready?: string }) => {
      if (message.ready === undefined) return;
      if (this.url !== undefined) this.announce(`${this.spec.name} runs again`);
      this.url = message.ready;
      this.port = Number(new URL(message.ready).port);
      onReady(message.ready);
    });
    child.on('error', (error) => this.announce(`${this.spec.name}: ${error.message}`));
    child.on('exit', (code, signal) => {
      this.child = undefined;
      if (this.isStopping) return;
      if (this.url === undefined && code === configInvalidExitCode) return onFailed(configInvalid(this.spec.name));
      if (this.url === undefined && code === refusedExitCode) return onFailed(refused(this.spec.name));
      this.relaunch(signal ?? `exit code ${code}`, onReady, onFailed);
    });
  }

  private relaunch(how: string, onReady: (url: string) => void, onFailed: (error: Error) => void): void {
    if (this.url === undefined && ++this.failedStarts >= failedStartsMax) {
      onFailed(
        new PlatformError('SERVICE_START_FAILED', {
          details: {
            reason: `${this.spec.name} ended ${failedStartsMax} times before it was ready (${how}); see its log lines above`,
          },
        }),
      );
      return;
    }
    if (this.clock.elapsedMs() - this.startedAt >= stableAfterMs) this.waitMs = restartWaitMs.first;
    const waitMs = this.waitMs;
    this.waitMs = Math.min(restartWaitMs.max, waitMs * 2);
    this.announce(`${this.spec.name} ended (${how}), restarting it in ${waitMs / 1_000} s`);
    this.restart = this.clock.setTimer(waitMs, () => this.launch(onReady, onFailed));
  }

  /** Starts the child only to check its environment. The child logs every fault. */
  async checkConfig(): Promise<void> {
    await this.exitOf('check-config');
  }

  /**
   * Starts the child for one command and waits until it has ended.
   * @throws PlatformError `CONFIG_INVALID` if its environment is not valid, `SERVICE_START_FAILED`
   *   if the command failed. The child logs the reason.
   */
  async run(command: string): Promise<void> {
    const code = await this.exitOf(command);
    if (code === configInvalidExitCode) throw configInvalid(this.spec.name);
    if (code !== 0)
      throw new PlatformError('SERVICE_START_FAILED', {
        details: { reason: `${this.spec.name} ${command} failed; see its log lines above` },
      });
  }

  /** @returns the exit code of one command; undefined if the child did not start or was killed. */
  private async exitOf(command: string): Promise<number | undefined> {
    const child = fork(this.spec.modulePath, [command], {
      env: { ...this.spec.env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code ?? undefined)).once('error', () => resolve(undefined));
    });
  }

  /** Lets the child drain and waits until it has ended. Kills it after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.isStopping = true;
    this.restart?.cancel();
    const { child } = this;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const kill = this.clock.setTimer(deadlineMs, () => {
      this.announce(`${this.spec.name} did not drain within ${deadlineMs / 1_000} s, killing it`);
      child.kill('SIGKILL');
    });
    child.kill('SIGTERM');
    await ended;
    kill.cancel();
  }

  /** Kills the child at once. */
  kill(): void {
    this.isStopping = true;
    this.restart?.cancel();
    this.child?.kill('SIGKILL');
  }
}
