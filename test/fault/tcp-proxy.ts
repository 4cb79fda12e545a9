import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Passes connections on to a port of this machine. A test can close them, hold all bytes back
 * without closing anything, or delay each chunk.
 */
export class TcpProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private state: 'open' | 'silent' | 'closed' = 'open';
  private delayMs = 0;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client) => this.pass(client));
  }

  static async listen(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, targetPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Closes all connections, and each new one at once. */
  cut(): void {
    this.state = 'closed';
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  /** Holds all bytes back, as a firewall that drops packets. No connection closes. */
  hold(): void {
    this.state = 'silent';
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  /** Passes each chunk of bytes on so many milliseconds after it came. */
  delay(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** Passes everything on again, without delay. */
  heal(): void {
    this.state = 'open';
    this.delayMs = 0;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private pass(client: Socket): void {
    if (this.state === 'closed') return void client.destroy();
    const target = connect(this.targetPort, '127.0.0.1');
    const pair = [client, target] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [target, client] as const]) {
      from.on('data', (chunk) => {
        if (this.delayMs === 0) to.write(chunk);
        else setTimeout(() => to.write(chunk), this.delayMs);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(pair);
      });
      if (this.state === 'silent') from.pause();
    }
  }
}
