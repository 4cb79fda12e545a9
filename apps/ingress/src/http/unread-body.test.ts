/**
 * Goal: the server asks for no body in vain, and a client that sends one in vain still gets the
 * answer, up to a bound. Method: a whole ingress over the in-memory broker, listening; raw sockets,
 * because HTTP clients hide all of this.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#contracts';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let port: number;
const opened: Socket[] = [];

beforeAll(async () => {
  app = await IngressApp.start();
  port = await app.listen();
  await app.createFunction('hello');
});
afterAll(() => app?.close());
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
});

const credentials = `X-Auth-Token: ${IngressApp.token}`;
const head = (path: string, ...headers: string[]) =>
  [`POST /v2/p1/fgs/functions${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');

/** A connection that stores its answers. */
function open() {
  const socket = connect(port, '127.0.0.1');
  opened.push(socket);
  let received = '';
  socket.on('data', (bytes) => (received += String(bytes)));
  const closed = new Promise<Error | undefined>((resolve) => {
    let fault: Error | undefined;
    socket.on('error', (error) => (fault = error)).on('close', () => resolve(fault));
  });
  const write = async (bytes: string | Buffer) => new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
  /** @returns the statuses that came, once there are so many. */
  const statuses = async (count: number) => {
    const found = () => [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    while (found().length < count) await new Promise((resolve) => socket.once('data', resolve));
    return found();
  };
  return { socket, closed, write, statuses };
}

describe('a client that waits for 100 Continue', () => {
  it('gets it when its head is valid, and then the answer', async () => {
    const { write, statuses } = open();
    await write(head('/hello/invocations-async', credentials, 'Content-Length: 2', 'Expect: 100-continue'));
    expect(await statuses(1)).toEqual([100]);
    await write('{}');
    expect(await statuses(2)).toEqual([100, 202]);
  });

  it.each([
    ['without credentials', '/hello/invocations-async', 'X-A: 1', 401],
    ['with a wrong token', '/hello/invocations-async', 'X-Auth-Token: other', 401],
    ['for an unknown path', '/hello/nothing', credentials, 404],
  ])('does not get it %s, and the connection ends with the answer', async (_what, path, header, status) => {
    const { closed, write, statuses } = open();
    await write(head(path, header, 'Content-Length: 200000', 'Expect: 100-continue'));
    expect([await closed, await statuses(1)]).toEqual([undefined, [status]]);
  });
});

describe('a client that sends its whole body before it reads', () => {
  const over = limits.payloadBytesMax + 1;
  it.each<[what: string, path: string, headers: string[], bytes: number, status: number]>([
    ['without credentials', '/hello/invocations-async', [], 8 * over, 401],
    ['for an event that is too large', '/hello/invocations-async', [credentials], 8 * over, 413],
    ['for a synchronous event that is too large', '/hello/invocations', [credentials], limits.syncBytesMax + over, 413],
    ['for a control plane body that is too large', '/hello/versions', [credentials], 8 * over, 413],
    ['for a body that is not JSON', '/hello/versions', [credentials], over, 406],
  ])('gets an answer %s, and may send its next request on the connection', async (_what, path, headers, bytes, status) => {
    const { socket, write, statuses } = open();
    socket.pause();
    await write(head(path, ...headers, `Content-Length: ${bytes}`));
    await write(Buffer.alloc(bytes, 'x'));
    socket.resume();
    await write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await statuses(2)).toEqual([status, 200]);
  });

  it('gets an answer for a chunked body that is too large', async () => {
    const { socket, write, statuses } = open();
    socket.pause();
    await write(head('/hello/invocations-async', credentials, 'Transfer-Encoding: chunked'));
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 8 * over; sent += 65_536) await write(chunk);
    await write('0\r\n\r\n');
    socket.resume();
    await write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await statuses(2)).toEqual([413, 200]);
  });

  it('gets an answer for more than 16 MB, and is cut off', async () => {
    const { closed, write, statuses } = open();
    await write(head('/hello/invocations-async', credentials, 'Content-Length: 20000000'));
    expect([await statuses(1), await closed]).toEqual([[413], undefined]);
  });

  it('is cut off if its body does not end', async () => {
    const { socket, closed, write } = open();
    await write(head('/hello/invocations-async', 'Transfer-Encoding: chunked'));
    const chunk = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`);
    let sent = 0;
    const pour = () => {
      while (!socket.destroyed && socket.write(chunk)) sent += 65_536;
    };
    socket.on('drain', pour);
    pour();
    expect(await closed).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    expect(sent).toBeGreaterThan(8 * over);
  });
});
