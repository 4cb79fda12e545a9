/**
 * Answers of brokers with all of their error codes. An answer has a code for each topic or
 * partition. kafkajs throws the first one, and the rest of the answer is lost.
 */
import { createRequire } from 'node:module';

/** A request and the reader of its response, as kafkajs makes them. */
export interface Exchange<Decoded, Answer> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<unknown>;
  };
  readonly response: {
    readonly decode: (bytes: Buffer) => Promise<Decoded>;
    readonly parse: (decoded: Decoded) => Promise<Answer>;
  };
  /** In milliseconds; the timeout of the connection counts if it is longer. */
  readonly requestTimeout?: number;
}

/** A broker that can be asked. */
export interface AskedBroker {
  readonly connectionPool: { send<Decoded, Answer>(exchange: Exchange<Decoded, Answer>): Promise<Answer> };
  /** Chooses the version of a request that the broker has too. */
  lookupRequest(apiKey: number, definition: unknown): (request: object) => Exchange<unknown, unknown>;
}

const require = createRequire(import.meta.url);
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error & { readonly type: string; readonly retriable: boolean };
};
const { requests } = require('kafkajs/src/protocol/requests') as { readonly requests: Readonly<Record<string, unknown>> };
/** The number of a request. */
export const apiKeys = { Produce: 0, Fetch: 1, Metadata: 3 } as const;

/** Options of {@link answerOf}. */
interface AskOptions {
  /** In milliseconds; the timeout of the connection counts if it is longer. */
  readonly requestTimeout?: number;
  /** Is given the bytes of the answer, and returns those that are decoded. */
  readonly received?: (bytes: Buffer) => Buffer;
}

/** Sends a request of kafkajs, and returns the answer with all its error codes. */
export async function answerOf<Answer>(
  broker: AskedBroker,
  api: keyof typeof apiKeys,
  request: object,
  { requestTimeout, received = (bytes) => bytes }: AskOptions = {},
): Promise<Answer> {
  const { response, ...exchange } = broker.lookupRequest(apiKeys[api], requests[api])(request);
  const decode = async (bytes: Buffer) => response.decode(received(bytes));
  const answer = await broker.connectionPool.send({
    ...exchange,
    response: { decode, parse: async (decoded: unknown) => decoded },
    ...(requestTimeout === undefined ? {} : { requestTimeout }),
  });
  return answer as Answer;
}

/** The error that a code of the brokers stands for. */
export function errorOf(code: number): Error & { readonly type: string; readonly retriable: boolean } {
  return createErrorFromCode(code);
}
