import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { PromiseCount } from './promise-count.ts';

/** The event of each invocation of the load. */
export interface LoadEvent {
  readonly id: string;
  /** Address to which a Node.js function reports its run. */
  readonly count: string;
}

/** The parts of a notification that are counted. */
interface Notification {
  readonly request_context: { readonly condition: string };
  readonly request_payload: string;
}

/**
 * An HTTP server of the test that counts for the current scenario. It counts runs at `/run`, where
 * it is also an http function. It counts notifications at `/told`, where it is a webhook. At
 * `/uncounted` it is an http function that is not part of the load.
 */
export class CountingServer {
  count: PromiseCount | undefined;
  private readonly runs = new Map<string, number>();

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<CountingServer> {
    const counting = new CountingServer(
      createServer((request, response) => {
        void counting.take(request).then(
          (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
          () => response.writeHead(400).end(),
        );
      }).listen(0, '127.0.0.1'),
    );
    await once(counting.server, 'listening');
    return counting;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How often the function ran for an event with this id, also if nobody was promised that. */
  runsOf(id: string): number {
    return this.runs.get(id) ?? 0;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async take(request: IncomingMessage): Promise<string> {
    const body = await text(request);
    if (request.url === '/uncounted') return '{}';
    if (request.url === '/told') {
      const { message } = JSON.parse(body) as { message: string };
      const { request_payload, request_context } = JSON.parse(message) as Notification;
      const { id } = JSON.parse(request_payload) as LoadEvent;
      this.count?.toldOf(id, request_context.condition !== '');
      return '{}';
    }
    const { id } = JSON.parse(body) as LoadEvent;
    this.runs.set(id, this.runsOf(id) + 1);
    this.count?.ran(id);
    return JSON.stringify(id);
  }
}
