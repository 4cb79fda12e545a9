/**
 * The web console: files that a browser loads, at the root and at the paths of its own pages. All
 * are open: they are the same in every installation, and the console calls the API with the
 * credentials of its viewer.
 *
 * 1. The build of the console names its pages. Their paths answer with the console. Any other path
 *    that no operation has is an error: a page that says so for a browser, else one of the API.
 * 2. Names of files below `/assets` hold a hash of their content, so browsers keep them for a year.
 *    The start file is asked for anew each time.
 * 3. Scripts come from files of this server only; the page calls this server only.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../http/api-error.ts';
import { sendError } from '../http/api-error.filter.ts';
import { type ConsoleFile, readConsoleFiles, readConsolePages, startFile } from './console-files.ts';

/**
 * The paths of the console, as Fastify takes them, beside those of its pages. None of them is an
 * operation of the API.
 */
export const consolePaths: readonly string[] = ['/', '/icon.svg', '/assets/*'];

const securityHeaders = {
  'Referrer-Policy': 'no-referrer',
  // The component library writes its colours into a style element; its scripts are files.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

const forAYear = 'public, max-age=31536000, immutable';
const askEachTime = 'no-cache';

/** The encodings that a client takes. One with the weight 0 is refused by the client. */
function encodingsOf({ headers }: FastifyRequest): ReadonlySet<string> {
  const accepted = String(headers['accept-encoding'] ?? '').split(',');
  const named = accepted.map((each) => each.trim().toLowerCase()).filter((each) => !/;\s*q=0(?:\.0*)?$/.test(each));
  return new Set(named.map((each) => each.split(';', 1)[0]?.trimEnd() ?? ''));
}

function send(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile | undefined, caching: string): void {
  if (file === undefined) return sendError(reply, new ApiError('FSS.0404', 'no such file'));
  const accepted = encodingsOf(request);
  const [encoding, bytes] = [...file.encoded].find(([name]) => accepted.has(name)) ?? [undefined, file.bytes];
  reply.raw.setHeader('Cache-Control', caching);
  reply.raw.setHeader('Vary', 'Accept-Encoding');
  if (encoding !== undefined) reply.raw.setHeader('Content-Encoding', encoding);
  void reply.headers(securityHeaders).header('content-type', file.contentType).send(bytes);
}

/** Programs ask for JSON or for anything; only a browser asks for a page. */
function isBrowser({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && String(headers.accept ?? '').includes('text/html');
}

/**
 * Adds the routes of the console.
 * @param folder of the built console. Without it every path of the console answers 404.
 * @throws Error if the build named no pages.
 */
export async function addConsole(fastify: FastifyInstance, folder: string): Promise<void> {
  const files = await readConsoleFiles(folder);
  const add = (path: string, fileOf: (rest: string) => string, caching: string) =>
    fastify.get(path, { config: { operation: { isOpen: true } } }, (request, reply) => {
      const { '*': rest = '' } = request.params as { readonly '*'?: string };
      send(request, reply, files.get(fileOf(rest)), caching);
    });
  add('/', () => startFile, askEachTime);
  add('/icon.svg', () => 'icon.svg', askEachTime);
  add('/assets/*', (rest) => `assets/${rest}`, forAYear);
  for (const page of await readConsolePages(folder))
    for (const path of [`/${page}`, `/${page}/*`]) add(path, () => startFile, askEachTime);
  const start = files.get(startFile);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (start === undefined || !request.is404 || !isBrowser(request)) return done();
    void reply.status(404);
    send(request, reply, start, askEachTime);
  });
}
