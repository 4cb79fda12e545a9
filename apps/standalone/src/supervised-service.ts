/**
 * Runs one service as a child process and restarts it when it ends.
 *
 * starting -> ready -> (ended -> waiting -> starting)* -> stopped
 *
 * 1. Each child has its own process group: Ctrl-C in the terminal reaches the parent only, which
 *   stops its children in order.
 * 2. A child ends by itself if its parent has died: its IPC channel closes, and runService drains.
 * 3. A child that never became ready is given up after some time. One that was ready is restarted
 *   without end, and so is one that says by its exit code that something outside is missing.
 * 4. A child is stopped by a message. It reports a signal to its parent instead of draining. At a
 *   shutdown the system sends SIGTERM to both, and the children still stop in order. A child that
 *   got a signal alone is stopped and started again.
 * 5. A restarted child listens on the port of its first run, so that its peers find it again.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { PlatformError } from '#contracts';
import {
  type Clock,
  configInvalidExitCode,
  lowerPriority,
  refusedExitCode,
  sameSignalMs,
  type SignalReport,
  stopMessage,
  supervisedArgument,
  type Timer,
  unavailableExitCode,
} from '#platform';
import { type Announce, RestartPolicy } from './restart-policy.ts';

/** A service to run. */
export interface ServiceSpec {
  readonly name: string;
  readonly modulePath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Port of the first run. 0 lets the system choose. */
  readonly port: number;
  /** Above 0: the service lets others go first; see {@link lowerPriority}. Default 0. */
  readonly niceness?: number;
  /** How long the service may fail to become ready for the first time. Default 30 s. */
  readonly startPatienceMs?: number;
}

/**
 * Arguments of Node.js, in containers too.
 *
 * - A service that ignores SIGUSR1 cannot be made to open its inspector.
 * - V8 may put objects into its old generation from the start. They keep all that they refer to
 *   until a full collection: in an executor 6 KB of each call. Without that, a collection of the
 *   young generation copies only objects in use. So it may be large, see docs/adr/0050.
 * - One thread beside the main one compiles and collects: four in each service kept the services
 *   themselves from running. They took a quarter of two cores in the first 20 s of load.
 * - With `--expose-gc` an idle service can give memory back.
 * - Code that was not called for a while is kept: without it the next flood began a third slower.
 */
export const serviceArguments = [
  '--disable-sigusr1',
  '--no-allocation-site-pretenuring',
  '--max-semi-space-size=64',
  '--v8-pool-size=1',
  '--expose-gc',
  '--no-flush-bytecode',
  '--disable-warning=ExperimentalWarning',
] as const;

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

/** A child whose channel is closed has ended, or drains because of that. */
function askToStop(child: ChildProcess): void {
  if (child.connected) child.send(stopMessage, () => undefined);
}

/** A child process that is restarted whenever it ends unexpectedly. */
export class SupervisedService {
  private child: ChildProcess | undefined;
  private restart: Timer | undefined;
  private readonly policy: RestartPolicy;
  private isStopping = false;
  private isHeld = false;
  private port: number;
  private url: string | undefined;

  constructor(
    private readonly spec: ServiceSpec,
    private readonly clock: Clock,
    private readonly announce: Announce,
    /** Called when the first start waits for something outside, with the reason. */
    private readonly waits: (reason: string) => void = () => undefined,
  ) {
    this.port = spec.port;
    this.policy = new RestartPolicy(clock, spec.startPatienceMs);
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
   * @throws PlatformError `CONFIG_INVALID` if its environment is not valid.
   * @throws PlatformError `SERVICE_START_FAILED` if the child ends again and again before it is
   *   ready, or once because the brokers refuse it.
   */
  async start(): Promise<string> {
    return new Promise((resolve, reject) => this.launch(resolve, reject));
  }

  private launch(onReady: (url: string) => void, onFailed: (error: Error) => void): void {
    this.policy.started();
    let child: ChildProcess;
    try {
      child = this.fork();
    } catch (error) {
      return this.ended((error as Error).message, onReady, onFailed);
    }
    this.child = child;
    const { niceness = 0 } = this.spec;
    if (child.pid !== undefined && niceness > 0) lowerPriority(child.pid, niceness, this.clock);
    child.on('message', (message: { readonly ready?: string } & Partial<SignalReport>) => {
      if (message.signal !== undefined) this.gotSignal(child);
      if (message.ready === undefined) return;
      if (this.url !== undefined) this.announce(`${this.spec.name} runs again`);
      this.url = message.ready;
      this.port = Number(new URL(message.ready).port);
      onReady(message.ready);
    });
    child.on('error', (error) => {
      // A process that the system could not start does not exit.
      if (child.pid === undefined) this.ended(error.message, onReady, onFailed);
      else this.announce(`${this.spec.name}: ${error.message}`);
    });
    child.on('exit', (code, signal) => {
      const isFirst = this.url === undefined && !this.isStopping;
      if (isFirst && code === configInvalidExitCode) return onFailed(configInvalid(this.spec.name));
      if (isFirst && code === refusedExitCode) return onFailed(refused(this.spec.name));
      if (isFirst && code === unavailableExitCode) return this.lacks(onReady, onFailed);
      this.ended(signal ?? `exit code ${code}`, onReady, onFailed);
    });
  }

  /** @throws the error of the system, e.g. for a lack of memory. */
  private fork(): ChildProcess {
    return fork(this.spec.modulePath, [supervisedArgument], {
      env: { ...this.spec.env, SERVICE_PORT: String(this.port) },
      execArgv: [...serviceArguments],
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** 4. */
  private gotSignal(child: ChildProcess): void {
    this.clock.setTimer(sameSignalMs, () => {
      if (!this.isHeld) askToStop(child);
    });
  }

  /** 3. */
  private lacks(onReady: (url: string) => void, onFailed: (error: Error) => void): void {
    this.child = undefined;
    this.policy.lacked();
    const reason = `${this.spec.name} cannot start while something that it needs is missing; see its log lines above`;
    const waitMs = this.policy.ended();
    this.announce(`${reason}; trying again in ${waitMs / 1_000} s`);
    this.waits(reason);
    this.restart = this.clock.setTimer(waitMs, () => this.launch(onReady, onFailed));
  }

  private ended(how: string, onReady: (url: string) => void, onFailed: (error: Error) => void): void {
    this.child = undefined;
    if (this.isStopping) return;
    if (this.url === undefined && this.policy.isHopeless) {
      onFailed(
        new PlatformError('SERVICE_START_FAILED', {
          details: { reason: `${this.spec.name} ended again and again before it was ready (${how}); see its log lines above` },
        }),
      );
      return;
    }
    const waitMs = this.policy.ended();
    this.announce(`${this.spec.name} ended (${how}), restarting it in ${waitMs / 1_000} s`);
    this.restart = this.clock.setTimer(waitMs, () => this.launch(onReady, onFailed));
  }

  /**
   * Has the child log every fault of its environment after another service could not start. A child
   * that is not ready is killed. If it had not come that far, another one only checks.
   */
  async reportConfigFaults(): Promise<void> {
    if (this.url !== undefined) return;
    const { child } = this;
    const ended = child?.pid === undefined || child.exitCode !== null || once(child, 'exit');
    this.kill();
    await ended;
    this.child = undefined;
    if (child?.exitCode !== configInvalidExitCode) await this.exitOf('check-config');
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

  /** Says that all services stop soon. A signal to the child stops it no more; `stop` does. */
  hold(): void {
    this.isHeld = true;
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
    askToStop(child);
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
