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
