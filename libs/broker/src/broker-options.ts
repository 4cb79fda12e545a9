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
  /**
   * Clients must log in with an account, by SCRAM-SHA-512, and may do only what they are allowed
   * to. Default false: anyone who reaches the port may do everything.
   */
  readonly hasAccounts?: boolean;
  /**
   * Id of the cluster, of 16 bytes in Base64url. Default: a random one. For tests with several
   * brokers of one cluster.
   */
  readonly clusterId?: string;
  /** More properties of Kafka, which win over those of {@link startBroker}. For tests. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The way in for whoever sets up accounts and rights. It may do everything. */
export interface BrokerAdmin {
  /** `host:port`; of the broker from Java, a listener that takes this account only. */
  readonly servers: string;
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/** A running broker that accepts connections. */
export interface RunningBroker {
  /** `host:port`. */
  readonly bootstrapServers: string;
  readonly way: 'java' | 'docker';
  /** Present if the broker has accounts. Each start makes another password. */
  readonly admin?: BrokerAdmin;
  /** Resolves with the reason once the broker has ended. */
  readonly exited: Promise<string>;
  /** Stops the broker and waits until it has ended. */
  stop(): Promise<void>;
}
