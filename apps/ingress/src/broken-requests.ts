import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';

/** Answers to what is no request that a route could answer, by Node's code; the rest is 400. */
const answers: Readonly<Record<string, { readonly line: string; readonly code: string; readonly message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { line: '408 Request Timeout', code: 'FSS.0408', message: 'the request took too long to arrive' },
  HPE_HEADER_OVERFLOW: { line: '431 Request Header Fields Too Large', code: 'FSS.0400', message: 'the headers are too large' },
};
const notHttp = { line: '400 Bad Request', code: 'FSS.0400', message: 'the request is not HTTP' };

/** Writes the answer to a request that is broken off, in the form of the API, and ends the connection on this side. */
export function answerBroken(socket: Pick<Socket, 'end'>, nodeCode: string): void {
  const { line, code, message } = answers[nodeCode] ?? notHttp;
  const body = JSON.stringify({ error_code: code, error_msg: message });
  const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nX-Request-Id: ${randomUUID()}`;
  socket.end(`HTTP/1.1 ${line}\r\n${headers}\r\nConnection: close\r\n\r\n${body}`);
}
