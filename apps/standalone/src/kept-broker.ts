/**
 * A broker that is started again whenever it ends.
 *
 * starting -> running -> (ended -> waiting -> starting)* -> stopped
 *
 * 1. The first start gives up after some time, unless the disk is full. Later ones never do: the
 *    services stay alive without a broker, and go on when it is back.
 * 2. A restarted broker listens on the port of its first run.
 */
import type { RunningBroker } from '#broker';
import type { Timer } from '#platform';
import { failureText, RestartPolicy, type StartContext, tryToStart } from './restart-policy.ts';

/** How a broker is started, and who hears of it. */
export interface KeptBrokerOptions extends StartContext {
  /** Starts a broker that clients can use. `port` is undefined at the first start. */
  readonly launch: (port: number | undefined) => Promise<RunningBroker>;
}

/** A running broker, or the next one after it. */
export class KeptBroker {
  private readonly policy: RestartPolicy;
  private isStopping = false;
  private restart: Timer | undefined;

  private constructor(
    private readonly options: KeptBrokerOptions,
    private broker: RunningBroker,
  ) {
    this.policy = new RestartPolicy(options.clock);
    this.policy.started();
    this.watch();
  }

  /**
   * Resolves when the broker runs for the first time.
   * @throws the error of `launch` if it cannot pass, or after several tries.
   */
  static async start(options: KeptBrokerOptions): Promise<KeptBroker> {
    return new KeptBroker(options, await tryToStart(async () => options.launch(undefined), options));
  }

  /** `host:port`, the same for every run. */
  get bootstrapServers(): string {
    return this.broker.bootstrapServers;
  }

  /** Stops the broker and starts none again. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.restart?.cancel();
    await this.broker.stop();
  }

  private watch(): void {
    void this.broker.exited.then((how) => this.startLater(`the broker ended (${how})`));
  }

  private async startLater(reason: string): Promise<void> {
    const { clock, announce, lacks } = this.options;
    if (this.isStopping) return;
    const waitMs = this.policy.ended();
    announce(failureText(reason, await lacks(), waitMs));
    if (this.isStopping) return;
    this.restart = clock.setTimer(waitMs, () => void this.startAgain());
  }

  private async startAgain(): Promise<void> {
    this.policy.started();
    try {
      this.broker = await this.options.launch(Number(this.bootstrapServers.split(':').at(-1)));
    } catch (error) {
      return this.startLater((error as Error).message);
    }
    if (this.isStopping) return this.broker.stop();
    this.options.announce('the broker runs again');
    this.watch();
  }
}
