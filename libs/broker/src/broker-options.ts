/** A broker to be started. */
export interface BrokerOptions {
  /** Kept between starts. */
  readonly dataDir: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Where jars are kept. Default: `.cache/sendoff` in the home folder. */
  readonly cacheDir?: string;
  /** Acknowledge only what is flushed to disk: survives a power cut, costs speed. Default false. */
  readonly flushEachRecord?: boolean;
  /** A JVM that starts sooner and runs slower; for tests. Default false. */
  readonly isShortLived?: boolean;
  /** `java` or `docker` insists on one way; `auto` takes the first that is there. Default `auto`. */
  readonly mode?: 'auto' | 'java' | 'docker';
}

/** A broker that answers. */
export interface RunningBroker {
  /** `host:port`. */
  readonly bootstrapServers: string;
  readonly way: 'java' | 'docker';
  /** Resolves with a word on how, when the broker has ended for whatever reason. */
  readonly exited: Promise<string>;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}
