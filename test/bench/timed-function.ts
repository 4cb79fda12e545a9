import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StartDelays } from './contender.ts';
import { percentile } from './load.ts';

/** A function behind a URL. It answers at once, and notes how old each event is. */
export class TimedFunction {
  private delaysMs: number[] = [];

  private constructor(private readonly server: Server) {}

  /** Listens on a free port of the loopback. */
  static async start(): Promise<TimedFunction> {
    const server = createServer();
    const timed = new TimedFunction(server);
    server.on('request', (request, response) => {
      const startedAt = Date.now();
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        timed.delaysMs.push(startedAt - (JSON.parse(body) as { readonly t: number }).t);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return timed;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** The delays since the last call. */
  take(): StartDelays {
    const sorted = this.delaysMs.toSorted((a, b) => a - b);
    this.delaysMs = [];
    return { events: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
