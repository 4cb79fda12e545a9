/**
 * Large bodies that carry a file in Base64. To parse, decode and hash 72 MiB at once would block
 * the event loop for half a second, in which the ingress accepts no invocation. A worker thread
 * does it (ADR 16).
 *
 * F1. The body is gathered in shared memory, so that neither thread copies it.
 * F2. The signature is verified before the body is parsed.
 * F3. The route receives the rest of the body, and the decoded file as `request.file`.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest, preParsingAsyncHookHandler } from 'fastify';
import { type ArchiveReader, type FileField, sharedBytes } from '#objects';
import { ApiError, callerGone } from './api-error.ts';
import { smallBodyBytesMax } from './body-sizes.ts';
import { tooDeep } from './json-bounds.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The decoded file of a large body; undefined if the body was small, or had none. */
    file: Buffer | undefined;
  }
}

/**
 * Hands large bodies of the routes with a file field to a worker thread. Call it before the routes
 * are added, and after `requireSpecs`.
 */
export function takeFilesOut(fastify: FastifyInstance, reader: ArchiveReader): void {
  fastify.decorateRequest('file');
  fastify.addHook('onRoute', (route) => {
    const field = route.config?.operation?.fileField;
    if (field === undefined) return;
    const takeOut: preParsingAsyncHookHandler = async (request, _reply, payload) => {
      if (!isLargeJson(request)) return payload;
      const body = await gathered(payload as Readable, request);
      const refusal = request.verifySignature?.(await reader.sha256Of(body));
      if (refusal !== undefined) throw refusal;
      const json = body.length <= smallBodyBytesMax ? body : await restOf(body, field, reader, request);
      // Fastify compares this with Content-Length.
      return Object.assign(Readable.from([json]), { receivedEncodedLength: body.length });
    };
    route.preParsing = [route.preParsing ?? [], takeOut].flat();
  });
}

/**
 * True if the body may be large, or its length is unknown. Fastify refuses a body over the route's
 * limit without reading it.
 */
function isLargeJson({ headers, routeOptions: { bodyLimit } }: FastifyRequest): boolean {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return false;
  if (headers['transfer-encoding'] !== undefined) return true;
  const bytes = Number(headers['content-length'] ?? 0);
  return bytes > smallBodyBytesMax && bytes <= bodyLimit;
}

/** F1. @throws ApiError FSS.0413 for more than the route takes. */
async function gathered(payload: Readable, { headers, routeOptions: { bodyLimit } }: FastifyRequest): Promise<Buffer> {
  const announcedBytes = headers['transfer-encoding'] === undefined ? Number(headers['content-length']) : undefined;
  const body = announcedBytes === undefined ? undefined : sharedBytes(announcedBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of arriving(payload)) {
    if (bytes + chunk.length > (announcedBytes ?? bodyLimit)) throw new ApiError('FSS.0413', 'Request body is too large');
    if (body === undefined) chunks.push(chunk);
    else chunk.copy(body, bytes);
    bytes += chunk.length;
  }
  if (body !== undefined) return body.subarray(0, bytes);
  const gatheredBody = sharedBytes(bytes);
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(gatheredBody, offset);
  return gatheredBody;
}

/** The chunks of a body. @throws ApiError FSS.0400 if its sender hangs up. */
async function* arriving(payload: Readable): AsyncIterable<Buffer> {
  try {
    yield* payload as AsyncIterable<Buffer>;
  } catch (error) {
    throw payload.readableAborted ? callerGone() : error;
  }
}

/** F3. @throws ApiError FSS.0400, FSS.0406, FSS.1012; FSS.0413 if more than the file is large. */
async function restOf(body: Buffer, field: FileField, reader: ArchiveReader, request: FastifyRequest): Promise<Buffer> {
  const opened = await reader.openBody(body, field, smallBodyBytesMax);
  switch (opened.kind) {
    case 'opened':
      request.file = opened.file;
      return Buffer.from(opened.json);
    case 'rest-too-large':
      throw new ApiError('FSS.0413', `the body without ${field.join('.')} may have ${smallBodyBytesMax} bytes`);
    case 'not-json':
      throw new ApiError('FSS.0406', 'the body is not JSON');
    case 'not-base64':
      throw new ApiError('FSS.1012', `${field.join('.')} must be in Base64`);
    case 'too-deep':
      throw tooDeep();
    default:
      return opened satisfies never;
  }
}
