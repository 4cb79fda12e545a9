/**
 * A receiver of traces: an HTTP server of the test that decodes the spans of OTLP in protobuf. It
 * knows the wire format only as far as the fields that tests read.
 * @see opentelemetry-proto, opentelemetry/proto/trace/v1/trace.proto
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as the receiver got it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  readonly name: string;
  /** The ids of the spans that it links to. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, string | number>>;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A field of a message: its number, and a number or bytes. */
type Field = readonly [number: number, value: bigint | Buffer];

/** Reads the fields of one message of protobuf. */
function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    if (wireType === 0) yield [tag >> 3, varint()];
    else if (wireType === 1) yield [tag >> 3, bytes(8).readBigUInt64LE()];
    else if (wireType === 2) yield [tag >> 3, bytes(Number(varint()))];
    else if (wireType === 5) yield [tag >> 3, BigInt(bytes(4).readUInt32LE())];
    else throw new Error(`wire type ${wireType}`);
  }
}

const all = (message: Buffer, number: number) => [...fieldsOf(message)].filter(([field]) => field === number);
const parts = (message: Buffer, number: number) => all(message, number).map(([, value]) => value as Buffer);
const part = (message: Buffer, number: number) => parts(message, number)[0] ?? Buffer.alloc(0);
const number = (message: Buffer, field: number) => (all(message, field)[0]?.[1] ?? 0n) as bigint;

function attributesOf(message: Buffer, field: number): Record<string, string | number> {
  const pairs = parts(message, field).map((pair) => {
    const [[kind, value] = [0, 0n]] = [...fieldsOf(part(pair, 2))];
    return [part(pair, 1).toString(), kind === 1 ? String(value) : Number(value)] as const;
  });
  return Object.fromEntries(pairs);
}

function spanOf(service: string, span: Buffer): ReceivedSpan {
  return {
    service,
    traceId: part(span, 1).toString('hex'),
    spanId: part(span, 2).toString('hex'),
    parentId: part(span, 4).toString('hex'),
    name: part(span, 5).toString(),
    links: parts(span, 13).map((link) => part(link, 2).toString('hex')),
    attributes: attributesOf(span, 9),
    status: Number(number(part(span, 15), 3)),
    startMs: Number(number(span, 7)) / 1e6,
    endMs: Number(number(span, 8)) / 1e6,
  };
}

/** The spans of one export request. */
function spansOf(request: Buffer): readonly ReceivedSpan[] {
  return parts(request, 1).flatMap((ofResource) => {
    const service = String(attributesOf(part(ofResource, 1), 1)['service.name']);
    return parts(ofResource, 2).flatMap((scope) => parts(scope, 2).map((span) => spanOf(service, span)));
  });
}

/** Receives spans on loopback. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(
      createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const isExport = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf';
          if (isExport) receiver.spans.push(...spansOf(Buffer.concat(chunks)));
          response.writeHead(isExport ? 200 : 404).end();
        });
      }),
    );
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of one name in a trace, as they came. */
  ofTrace(traceId: string, name: ReceivedSpan['name']): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId && span.name === name);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
