/**
 * Goal: nothing that a server or a function says reaches the terminal as a control character.
 * Method: commands against a server that is not Sendoff.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runProgram } from './program.ts';

const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u;
/** Sets the title of a terminal, clears it by a C1 character, and writes a line of its own. */
const hostile = 'x\u001b]0;t\u0007\u009b2J\u202e\nnext: rm -r ~ \\u{a}';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

interface Ran {
  readonly code: number;
  readonly printed: readonly string[];
  readonly noted: readonly string[];
}

/** Runs a command while each request gets this answer. The word `URL` stands for the server. */
async function ran(words: readonly string[], status: number, answer: unknown, type = 'application/json'): Promise<Ran> {
  server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [printed, noted]: [string[], string[]] = [[], []];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = await runProgram(
    {
      env: { SENDOFF_URL: url, SENDOFF_PROJECT_ID: 'p1', SENDOFF_TOKEN: 't' },
      folder: '/',
      home: '/nowhere',
      print: (line) => void printed.push(line),
      note: (line) => void noted.push(line),
      readInput: async () => '',
      wait: async () => undefined,
      now: () => 0,
      interrupted: new AbortController().signal,
    },
    words.map((word) => (word === 'URL' ? url : word)),
  );
  return { code, printed, noted };
}

describe('a command', () => {
  it.each<[what: string, words: readonly string[], status: number, answer: unknown]>([
    ['a refusal', ['functions', 'list'], 400, { error_code: hostile, error_msg: hostile }],
    ['a refusal, as JSON', ['--json', 'functions', 'list'], 400, { error_code: hostile, error_msg: hostile }],
    ['an error of a function', ['invoke', 'f', '{}', '--wait'], 200, failed()],
    ['an error of a function, as JSON', ['--json', 'invoke', 'f', '{}', '--wait'], 200, failed()],
    ['a returned text', ['invoke', 'f', '{}'], 200, JSON.stringify(hostile)],
    ['a silent executor', ['logs', 'f'], 200, { logs: [], executors: [{ executor: hostile, answered: false }], next_marker: '' }],
    ['an answer that is no JSON', ['functions', 'list'], 200, hostile],
  ])('prints no control character of %s', async (_what, words, status, answer) => {
    const { printed, noted } = await ran(words, status, answer);
    const lines = [...printed, ...noted];
    expect(lines.filter((line) => unsafe.test(line))).toEqual([]);
    // One line from a stranger does not become two.
    expect(lines.filter((line) => line.startsWith('next: rm') && noted.includes(line))).toEqual([]);
  });

  it('prints JSON of the same value', async () => {
    const { code, noted } = await ran(['--json', 'functions', 'list'], 400, { error_code: 'E', error_msg: hostile });
    expect(code).toBe(2);
    expect(noted.map((line) => JSON.parse(line))).toMatchObject([{ error: `${hostile} (E)` }]);
  });

  it('prints the lines of a usage error as they are', async () => {
    const { code, noted } = await ran(['functions', 'lst'], 200, {});
    expect(code).toBe(2);
    expect(noted[0]).toMatch(/^error: /);
  });

  it.each([{}, [], 'null', '"projects"', { projects: {} }])('logs in nowhere if the answer is %j', async (answer) => {
    const { code, noted } = await ran(['login', '--url', 'URL', '--token', 't'], 200, answer);
    expect(code).toBe(1);
    expect(noted).toEqual([expect.stringContaining('lists no projects: is it Sendoff?')]);
  });

  it('refuses an event that is no JSON', async () => {
    const stream = 'event: running\nid: 1\ndata: \u001b[2J\n\n';
    const { code, noted } = await ran(['events', '-f'], 200, stream, 'text/event-stream');
    expect(code).toBe(1);
    expect(noted).toEqual(['sendoff: the stream holds an event without JSON: is it Sendoff?']);
  });
});

function failed(): object {
  const record = { request_id: 'r1', status: 'FAIL', error_message: hostile, deliveries: [], start_time: '', end_time: '' };
  return { request_id: 'r1', invocations: [record] };
}
