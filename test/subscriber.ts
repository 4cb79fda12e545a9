import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a subscriber got it. */
export interface Pushed {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body of SMN. */
  readonly body: Readonly<Record<string, string>>;
}

/** How a subscriber answers: a status, or by hand. */
export type Answer = number | ((request: IncomingMessage, response: ServerResponse) => void);

/**
 * A webhook: an HTTP server on this machine that remembers what it got and answers as it is told.
 */
export class Subscriber {
  readonly received: Pushed[] = [];
  answer: Answer = 200;

  private constructor(
    readonly url: string,
    private readonly end: () => void,
  ) {}

  static async listen(path = '/hook'): Promise<Subscriber> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        subscriber.received.push({ headers: request.headers, text, body: JSON.parse(text) as Pushed['body'] });
        if (typeof subscriber.answer === 'number') response.writeHead(subscriber.answer).end();
        else subscriber.answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    const subscriber = new Subscriber(url, () => {
      server.close();
      server.closeAllConnections();
    });
    return subscriber;
  }

  close(): void {
    this.end();
  }
}
