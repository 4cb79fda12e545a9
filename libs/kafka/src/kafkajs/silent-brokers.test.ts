/**
 * Goal: connections to a broker that vanished without closing them end, and no others do. Method: a
 * server on this machine that accepts connections and answers what the test wants.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Arrivals, eventually } from '#testing';
import { socketFactoryOf } from './kafka-access.ts';
import { SilentBrokers, watchOf } from './silent-brokers.ts';

const limits = { silenceMs: 100, answerMs: 200, againMs: 50 };
/** The watch asks for the versions of the broker. */
const apiVersions = 18;
const ask = Buffer.from([0, 0, 0, 10, 0, 3, 0, 0, 0, 0, 0, 7, 255, 255]);

let server: Server;
let port: number;
let isFrozen: boolean;
let taken: Socket[];
let lines: Arrivals<string>;
let silent: SilentBrokers;

beforeEach(async () => {
  isFrozen = false;
  taken = [];
  lines = new Arrivals<string>();
  server = createServer((socket) => {
    taken.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      // Answers the question of the watch, and nothing else.
      if (!isFrozen && data.readInt16BE(4) === apiVersions) socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 1]));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  silent = new SilentBrokers(socketFactoryOf({}), (_level, message) => lines.add(message), limits);
});
afterEach(async () => {
  for (const socket of taken) socket.destroy();
  await new Promise((resolve) => void server.close(resolve));
});

/** Connects as kafkajs does. `ended` has how the connection ended. */
async function connected() {
  const ended = new Arrivals<string>();
  const socket: Socket = await new Promise((resolve, reject) => {
    const made: Socket = silent.socketFactory({ host: '127.0.0.1', port, ssl: {}, onConnect: () => resolve(made) });
    made.on('error', (error: Error & { readonly code?: string }) => {
      ended.add(error.code ?? error.message);
      reject(error);
    });
    made.on('data', () => undefined);
  });
  return { socket, ended };
}

describe('a broker that answers nothing any more', () => {
  it('has all its connections closed, and new ones refused until it answers again', async () => {
    const asking = await connected();
    const idle = await connected();
    isFrozen = true;
    asking.socket.write(ask);
    expect(await asking.ended.until(1)).toEqual(['ECONNREFUSED']);
    expect(await idle.ended.until(1)).toEqual(['ECONNREFUSED']);
    await expect(connected()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    isFrozen = false;
    const again = await eventually(async () => connected().catch(() => undefined));
    again.socket.destroy();
    // Its metadata is as old as its silence.
    expect(silent.isAskedLast('127.0.0.1', port)).toBe(true);
    expect(lines.items).toEqual(['A broker does not answer any more; its connections were closed', 'A broker answers again']);
  });
});

describe('a broker that was too slow for a question', () => {
  it('is asked last until it sends something', async () => {
    expect(silent.isAskedLast('127.0.0.1', port)).toBe(false);
    const { socket } = await connected();
    silent.askLast('127.0.0.1', port);
    expect(silent.isAskedLast('127.0.0.1', port)).toBe(true);
    const versions = Buffer.from(ask);
    versions.writeInt16BE(apiVersions, 4);
    socket.write(versions);
    await eventually(() => !silent.isAskedLast('127.0.0.1', port));
    socket.destroy();
  });

  it('is known by the factory that makes the connections to it', () => {
    expect(watchOf(silent.socketFactory)).toBe(silent);
    expect(watchOf(socketFactoryOf({}))).toBeUndefined();
  });
});

describe('a broker that answers one request late', () => {
  it('keeps the connection while it answers the question whether it is there', async () => {
    const { socket, ended } = await connected();
    socket.write(ask);
    // Two connections of the watch: it asked twice, and heard the answer to the first.
    await eventually(async () => taken.length >= 3 || undefined);
    expect(ended.items).toEqual([]);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});
