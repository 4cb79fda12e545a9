/**
 * Requests that kafkajs has no code for. They are written and read with its encoder and decoder,
 * and travel on its connections.
 */
import { createRequire } from 'node:module';
import type { AskedBroker } from './kafka-answers.ts';
import type { RequestVersions } from './kafkajs-pool.ts';

/** Writes the fields of a request, in their order. */
export interface Encoder {
  writeInt8(value: number): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeBoolean(value: boolean): Encoder;
  writeString(value: string): Encoder;
  writeArray(values: readonly (Encoder | string)[]): Encoder;
  writeUVarIntString(value: string): Encoder;
  writeUVarIntBytes(value?: Buffer): Encoder;
  writeUVarIntArray(values: readonly Encoder[]): Encoder;
}

/** Reads the fields of an answer, in their order. */
export interface Decoder {
  readInt8(): number;
  readInt16(): number;
  readInt32(): number;
  readBoolean(): boolean;
  readString(): string | null;
  readArray<Item>(read: (decoder: Decoder) => Item): Item[];
  readUVarIntString(): string | null;
  readUVarIntArray<Item>(read: (decoder: Decoder) => Item): Item[];
  readTaggedFields(): unknown;
}

/** The number, version and name of a request. */
export interface RawApi {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
}

const require = createRequire(import.meta.url);
export const Encoder = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const TheirDecoder = require('kafkajs/src/protocol/decoder') as new (
  bytes: Buffer,
) => Decoder & {
  readUVarInt(): number;
  canReadBytes(length: number): boolean;
  forward(length: number): void;
};

/**
 * kafkajs takes one byte of each tagged field for the next one. Behind the end of an answer it
 * reads zeros, so a wrong number of fields keeps it busy for a minute.
 */
class OwnDecoder extends TheirDecoder {
  override readTaggedFields(): undefined {
    for (let left = this.readUVarInt(); left > 0; left -= 1) {
      this.readUVarInt(); // its number
      const length = this.readUVarInt();
      if (!this.canReadBytes(length)) throw new RangeError('the answer ends within its tagged fields');
      this.forward(length);
    }
  }
}

/** True if a broker has a request in its version. */
export function hasRequest({ versions }: { readonly versions: RequestVersions | null }, { apiKey, apiVersion }: RawApi): boolean {
  return (versions?.[apiKey]?.maxVersion ?? -1) >= apiVersion;
}

/** Sends a request. @param read reads the answer. */
export async function askRaw<Answer>(
  broker: AskedBroker,
  api: RawApi,
  request: Encoder,
  read: (decoder: Decoder) => Answer,
): Promise<Answer> {
  return broker.connectionPool.send({
    request: { ...api, encode: async () => request },
    response: { decode: async (bytes: Buffer) => read(new OwnDecoder(bytes)), parse: async (answer) => answer },
  });
}
