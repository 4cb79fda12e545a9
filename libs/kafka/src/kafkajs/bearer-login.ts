import type { Mechanism } from 'kafkajs';
import type { AccessToken } from './access-token.ts';

/** Separates the parts of the message. @see RFC 7628 */
const separator = '\u0001';

/**
 * The login with a token. The login of kafkajs takes a refused token for an accepted one. The
 * reason: the broker answers a refusal with a text and no error code. It closes the connection at
 * the next request.
 */
export function bearerLogin(token: AccessToken): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const message = `n,,${separator}auth=Bearer ${await token()}${separator}${separator}`;
        const refusal = await saslAuthenticate({ request: frame(message), response: textResponse });
        if (refusal !== undefined && refusal !== '') throw loginRefused(refusal);
      },
    }),
  };
}

/** The authenticated bytes, with their length in front. */
function frame(text: string) {
  const bytes = Buffer.from(text);
  const framed = Buffer.alloc(4 + bytes.length);
  framed.writeInt32BE(bytes.length);
  bytes.copy(framed, 4);
  return { encode: () => framed };
}

const textResponse = {
  decode: (framed: Buffer) => framed.subarray(4),
  parse: (bytes: Buffer) => bytes.toString('utf8'),
};

/** The error that kafkajs throws for other mechanisms. It does not try again. */
function loginRefused(refusal: string): Error {
  const status = /"status"\s*:\s*"([\w-]{1,40})"/.exec(refusal)?.[1] ?? 'no reason given';
  return Object.assign(new Error(`SASL OAUTHBEARER authentication failed: ${status}`), {
    name: 'KafkaJSSASLAuthenticationError',
    retriable: false,
  });
}
