/** Options of {@link startBroker}. */
export interface BrokerOptions {
  /** Folder of the broker's data, kept between starts. */
  readonly dataDir: string;
  /** Default: any free port. */
  readonly port?: number;
  /** Folder of the downloaded jars. Default: `.cache/sendoff` in the home folder. */
  readonly cacheDir?: string;
  /**
   * Flushes each batch to disk before acknowledging it: no loss at a power cut, but lower
   * throughput. Default false.
   */
  readonly flushEachRecord?: boolean;
  /** Uses a JVM that starts faster and runs slower, for tests. Default false. */
  readonly isShortLived?: boolean;
  /**
   * `java` or `docker` allows only that one; `auto` prefers Java and falls back to Docker. Default
   * `auto`.
   */
  readonly mode?: 'auto' | 'java' | 'docker';
}

/** A running broker that accepts connections. */
export interface RunningBroker {
  /** `host:port`. */
  readonly bootstrapServers: string;
  readonly way: 'java' | 'docker';
  /** Resolves with the reason once the broker has ended. */
  readonly exited: Promise<string>;
  /** Stops the broker and waits until it has ended. */
  stop(): Promise<void>;
}
