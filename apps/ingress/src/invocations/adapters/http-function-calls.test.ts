import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { callHeader, callReportBytesHeader, decodeCallRequest, encodeCallAnswer } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import { aCallAnswer } from '../../../testing/fake-services.ts';
import { fixedExecutors } from '../../names/executors.ts';
import { HttpFunctionCalls } from './http-function-calls.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function executor(act: RequestListener): Promise<string> {
  const server = createServer((request, response) => request.resume().on('end', () => act(request, response)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering =
  (name: string, seen: string[] = []): RequestListener =>
  (_request, response) => {
    seen.push(name);
    const { body, reportBytes } = encodeCallAnswer(aCallAnswer({}, `"${name}"`));
    response.writeHead(200, { [callReportBytesHeader]: reportBytes }).end(body);
  };

const request = { requestId: 'r1', functionUrn: builtUrn, modifiedAt: builtAt };
const tokens = { tokenFor: (callee: string) => `token for ${callee}` };
const never = new AbortController().signal;
const nobody = 'http://127.0.0.1:1';
/** A clock on which a wait takes its time at once. */
const hurried = () => {
  let now = 0;
  return {
    elapsedMs: () => now,
    setTimer: (ms: number, act: () => void) => {
      now += ms;
      setImmediate(act);
      return { cancel: () => undefined };
    },
  };
};
const call = async (urls: string[], signal = never) => {
  const outcome = await new HttpFunctionCalls(fixedExecutors(urls), tokens, hurried()).call(
    request,
    Buffer.from('{"a":1}'),
    signal,
    -1,
  );
  return outcome.kind === 'answered' ? { ...outcome.answer, payload: String(outcome.answer.payload) } : outcome;
};

describe('HttpFunctionCalls', () => {
  it('sends token, call and payload, and returns report and payload', async () => {
    const seen: unknown[] = [];
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        seen.push(incoming.url, incoming.headers['x-sendoff-internal'], Buffer.concat(chunks).toString());
        seen.push(decodeCallRequest(String(incoming.headers[callHeader])));
        answering('one')(incoming, response as never);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const answer = await call([`http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
    expect(answer).toEqual({ report: aCallAnswer().report, payload: '"one"' });
    expect(seen).toEqual(['/internal/calls', 'token for executor', '{"a":1}', request]);
  });

  it('asks executors in turn', async () => {
    const seen: string[] = [];
    const calls = new HttpFunctionCalls(
      fixedExecutors([await executor(answering('a', seen)), await executor(answering('b', seen))]),
      tokens,
      hurried(),
    );
    for (let index = 0; index < 4; index++) await calls.call(request, Buffer.from('{}'), never, -1);
    expect(seen).toEqual(['a', 'b', 'a', 'b']);
  });

  it('asks the next executor if one is unreachable', async () => {
    expect(await call([nobody, await executor(answering('b'))])).toMatchObject({ payload: '"b"' });
  });

  it('asks the next executor if one answers 503', async () => {
    const elsewhere = await executor((_request, response) => response.writeHead(503).end());
    expect(await call([elsewhere, await executor(answering('b'))])).toMatchObject({ payload: '"b"' });
    expect(await call([elsewhere, nobody])).toEqual({ kind: 'no-executor' });
  });

  it('asks the next executor if the name of one does not resolve', async () => {
    expect(await call(['http://nobody.invalid:1', await executor(answering('b'))])).toMatchObject({ payload: '"b"' });
  });

  it('resolves with no-executor if all are unreachable, or none is configured', async () => {
    expect(await call([nobody, nobody])).toEqual({ kind: 'no-executor' });
    expect(await call([])).toEqual({ kind: 'no-executor' });
  });

  it('sends the payload only to an executor that is there to take it: a caller who gives up before has not called', async () => {
    const bodies: string[] = [];
    const standing = createServer();
    servers.push(standing);
    let isAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    // As a process that stands still: the connection is there, and nobody answers.
    standing.on('checkContinue', (incoming) => {
      incoming.on('data', (chunk: Buffer) => bodies.push(String(chunk))).on('error', () => undefined);
      isAsked();
    });
    await new Promise<void>((resolve) => standing.listen(0, '127.0.0.1', resolve));
    const abort = new AbortController();
    const url = `http://127.0.0.1:${(standing.address() as AddressInfo).port}`;
    const given = call([url], abort.signal);
    await asked;
    abort.abort();
    await expect(given).rejects.toThrow();
    const closed = new Promise((resolve) => standing.getConnections((_error, count) => resolve(count)));
    await closed;
    expect(bodies).toEqual([]);
    const calls = new HttpFunctionCalls(fixedExecutors([url, await executor(answering('b'))]), tokens, hurried(), 50);
    expect(await calls.call(request, Buffer.from('{"a":1}'), never, -1)).toMatchObject({ kind: 'answered' });
    expect(bodies).toEqual([]);
  });

  it('asks no other executor once the function may have run', async () => {
    const seen: string[] = [];
    const lost = await executor((_request, response) => response.destroy());
    const half = await executor((_request, response) => {
      response.writeHead(200, { [callReportBytesHeader]: '5', 'content-length': '100' }).write('12345', () => response.destroy());
    });
    for (const url of [lost, half]) expect(await call([url, await executor(answering('b', seen))])).toEqual({ kind: 'lost' });
    expect(seen).toEqual([]);
  });

  it.each([
    [429, { kind: 'saturated' }],
    [503, { kind: 'no-executor' }],
  ])('resolves for status %i with %o', async (status, outcome) => {
    expect(await call([await executor((_request, response) => response.writeHead(status).end())])).toEqual(outcome);
  });

  it('rejects if an executor refuses the internal token', async () => {
    const refusing = await executor((_request, response) => response.writeHead(403).end());
    await expect(call([refusing])).rejects.toThrow('an executor answered 403');
  });

  it('closes the connection when it is aborted', async () => {
    const abort = new AbortController();
    let hungUp: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (hungUp = resolve));
    const url = await executor((_request, response) => {
      response.once('close', hungUp);
      abort.abort();
    });
    await expect(call([url], abort.signal)).rejects.toThrow();
    await gone;
  });
});
