import type { ClusterConnection } from './kafkajs-internals.ts';

/** A connection that is made at its first use and kept. After a failure the next use makes it. */
export class KeptConnection {
  private connection: Promise<ClusterConnection> | undefined;

  constructor(private readonly newCluster: () => ClusterConnection) {}

  /** Returns the connected cluster, the same one for all who ask. */
  async connected(): Promise<ClusterConnection> {
    this.connection ??= this.connect().catch((error: unknown) => {
      this.connection = undefined;
      throw error;
    });
    return this.connection;
  }

  /**
   * Asks a question about one topic. kafkajs reads the metadata of all topics that were ever asked
   * about. The answer is an error if the account may not see one of them any more. If that is
   * another topic, it is forgotten, and the question is asked again.
   */
  async about<Answer>(topic: string, question: (cluster: ClusterConnection) => Promise<Answer>): Promise<Answer> {
    const cluster = await this.connected();
    for (let triesLeft = cluster.targetTopics.size; ; triesLeft -= 1) {
      try {
        return await question(cluster);
      } catch (error) {
        const { topic: hidden } = error as { readonly topic?: unknown };
        if (triesLeft <= 0 || typeof hidden !== 'string' || hidden === topic) throw error;
        cluster.targetTopics.delete(hidden);
      }
    }
  }

  /** Ends the connection, if there is one. */
  async close(): Promise<void> {
    await (await this.connection)?.disconnect();
  }

  private async connect(): Promise<ClusterConnection> {
    const cluster = this.newCluster();
    await cluster.connect();
    return cluster;
  }
}
