import type { Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import { brokerAddress } from './broker-address.ts';
import { socketFactoryOf } from './kafka-access.ts';

/**
 * The protocol of a listener, as a client without an account sees it:
 *
 * - `open`: it answers without an account;
 * - `account`: it answers, and closes the connection at a request without an account;
 * - `tls`: it speaks TLS, and the client does not;
 * - `nothing`: no answer in time, or none that this probe knows.
 */
export type ListenerKind = 'open' | 'account' | 'tls' | 'nothing';

const timeoutMs = 2_000;
/** Largest answer that is read. Another protocol may send without end. */
const answerBytesMax = 1_048_576;
const apiVersions = 18;
const metadata = 3;
/** The first byte of a TLS alert. A response of Kafka of this size would have 352 MB. */
const tlsAlert = 0x15;

/** A request with version 0 and without a client id. */
function request(apiKey: number, correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head.writeInt32BE(10 + body.length, 0);
  head.writeInt16BE(apiKey, 4);
  head.writeInt16BE(0, 6);
  head.writeInt32BE(correlationId, 8);
  head.writeInt16BE(-1, 12);
  return Buffer.concat([head, body]);
}

/** Asks for one topic, so that the answer is small. The name can be no topic's. */
const oneTopic = Buffer.from([0, 0, 0, 1, 0, 1, '?'.charCodeAt(0)]);

/**
 * Finds out why a client and a broker do not understand each other. The first request, for the
 * versions of the broker, needs no account. The second, for metadata, needs one. Never rejects.
 * @param broker `host:port`.
 * @param sockets makes the connection. Default: without TLS.
 */
export async function probeListener(broker: string, sockets: ISocketFactory = socketFactoryOf({})): Promise<ListenerKind> {
  return new Promise((resolve) => {
    let answers = 0;
    let received = Buffer.alloc(0);
    const onConnect = () => void socket.write(request(apiVersions, 1, Buffer.alloc(0)));
    const socket: Socket = sockets({ ...brokerAddress(broker), ssl: {}, onConnect });
    const finish = (kind: ListenerKind) => {
      socket.destroy();
      resolve(kind);
    };
    socket.setTimeout(timeoutMs, () => finish('nothing'));
    socket.on('error', () => finish(answers === 1 ? 'account' : 'nothing'));
    socket.on('close', () => finish(answers === 1 ? 'account' : 'nothing'));
    socket.on('data', (data) => {
      if (answers === 0 && received.length === 0 && data[0] === tlsAlert) return finish('tls');
      received = Buffer.concat([received, data]);
      if (received.length > answerBytesMax) return finish('nothing');
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return undefined;
      received = received.subarray(4 + received.readInt32BE(0));
      answers += 1;
      if (answers === 2) return finish('open');
      socket.write(request(metadata, 2, oneTopic));
      return undefined;
    });
  });
}

/** Errors of a connection that say that nothing answers at the other end. */
const nobodyThere: ReadonlySet<unknown> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EHOSTDOWN']);

/**
 * Asks whether a broker answers. Every answer counts, also one that closes the connection or
 * refuses it: then its open connections are closed too. Never rejects.
 * @returns false if nothing came within `answerMs`.
 */
export async function isAnswering(
  { host, port }: { readonly host: string; readonly port: number },
  sockets: ISocketFactory,
  answerMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = sockets({
      host,
      port,
      ssl: {},
      onConnect: () => void socket.write(request(apiVersions, 1, Buffer.alloc(0))),
    });
    const finish = (isThere: boolean) => {
      clearTimeout(timer);
      resolve(isThere);
      socket.destroy();
    };
    // A process that stood still itself reads what has come meanwhile before it decides.
    const timer = setTimeout(() => setImmediate(() => setImmediate(finish, false)), answerMs);
    socket.on('data', () => finish(true));
    socket.on('error', (error: Error & { readonly code?: unknown }) => finish(!nobodyThere.has(error.code)));
    socket.on('close', () => finish(true));
  });
}
