import { createServer, type Server, type ServerResponse } from 'node:http';

/**
 * Answers health checks at the address of the API while the start waits, so that nobody takes the
 * process for a dead one. The ingress answers them once it runs.
 */
export class StartHealth {
  private reason = '';
  private server: Server | undefined;
  private isClosed = false;

  /** @param address of the API. Without a fixed port nobody can ask before the ready line. */
  constructor(private readonly address: { readonly host: string; readonly port: number }) {}

  /** Says from now on why the start waits. Never rejects: the start goes on without an answer. */
  async tell(reason: string): Promise<void> {
    this.reason = reason;
    if (this.server !== undefined || this.isClosed || this.address.port === 0) return;
    const server = createServer((request, response) => this.answer(request.url ?? '', response));
    this.server = server;
    await new Promise<void>((resolve) => {
      server.once('error', () => resolve()).listen(this.address.port, this.address.host, () => resolve());
    });
  }

  /** Answers no more, and frees the port for good. */
  async close(): Promise<void> {
    this.isClosed = true;
    const server = this.server;
    this.server = undefined;
    if (server?.listening !== true) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private answer(path: string, response: ServerResponse): void {
    const { reason } = this;
    if (path === '/healthz') return send(response, 200, { status: 'ok' });
    if (path === '/readyz') return send(response, 503, { status: 'not ready', failing: ['start'], reason });
    return send(response, 503, { error_code: 'FSS.0503', error_msg: `Sendoff is starting: ${reason}` });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
}
