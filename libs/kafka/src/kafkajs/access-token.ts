import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { PlatformError } from '#contracts';
import type { TextSource } from '#platform';

/**
 * Returns a token that the brokers accept now.
 * @throws PlatformError `BROKER_TOKEN_UNAVAILABLE`.
 */
export type AccessToken = () => Promise<string>;

/** A client that gets its tokens from an endpoint. */
export interface TokenEndpoint {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: TextSource;
  readonly scope?: string | undefined;
  /** Authorities that may sign the certificate of the endpoint. Default: those of Node.js. */
  readonly ca?: TextSource | undefined;
}

/** Largest answer of a token endpoint. */
const answerBytesMax = 256 * 1024;
const answerTimeoutMs = 5_000;
/** A token is used for this share of its life. */
const usedShare = 0.8;
/** Life of a token whose endpoint does not tell it. */
const lifeDefaultMs = 60_000;
/** A token is one word: a line end or another separator would change the login message. */
const tokenPattern = /^[\w\-.~+/]+=*$/;

/** Tokens of a file, which another program renews. */
export function tokenFromFile(file: TextSource): AccessToken {
  return async () => checked(file(), 'the file holds no token');
}

/**
 * Tokens of an endpoint by the client credentials grant. A token is kept until 80 % of its life are
 * over. Logins at the same time share one request.
 * @see RFC 6749, section 4.4
 */
export function tokenFromEndpoint(endpoint: TokenEndpoint, now: () => number = () => performance.now()): AccessToken {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async () => {
    const askedAt = now();
    const { token, lifeMs } = readAnswer(await post(endpoint));
    kept = { token, until: askedAt + lifeMs * usedShare };
    return token;
  };
  return async () => {
    if (kept !== undefined && now() < kept.until) return kept.token;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

function checked(token: unknown, otherwise: string): string {
  if (typeof token === 'string' && tokenPattern.test(token)) return token;
  throw unavailableToken(otherwise);
}

function unavailableToken(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('BROKER_TOKEN_UNAVAILABLE', { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}

function readAnswer(text: string): { readonly token: string; readonly lifeMs: number } {
  let answer: { readonly access_token?: unknown; readonly expires_in?: unknown };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw unavailableToken('the answer of the token endpoint is not JSON');
  }
  const token = checked(answer?.access_token, 'the answer of the token endpoint holds no access_token');
  const seconds = Number(answer.expires_in);
  return { token, lifeMs: seconds > 0 ? seconds * 1_000 : lifeDefaultMs };
}

/** Sends the client id and secret as HTTP Basic credentials. @returns the body of a 200. */
async function post({ url, clientId, clientSecret, scope, ca }: TokenEndpoint): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret())}`).toString('base64');
  const { protocol, host } = new URL(url);
  const request = protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) => reject(unavailableToken(`token endpoint ${host}: ${reason}`, cause));
    const asked = request(url, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      signal: AbortSignal.timeout(answerTimeoutMs),
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca: ca() }),
    });
    asked.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.name === 'TimeoutError' || error.name === 'AbortError' ? 'no answer in time' : (error.code ?? error.message),
        error,
      ),
    );
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', (error) => fail(error.message, error));
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) asked.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else fail(`answered ${response.statusCode}; check the client id, the client secret and the scope`);
      });
    });
    asked.end(form.toString());
  });
}
