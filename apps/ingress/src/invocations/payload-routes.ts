/** The routes of large payloads. They are raw routes of Fastify, because bodies stay bytes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { epochMs, formatBareUrn } from '#contracts';
import { isPayloadReference } from '#objects';
import type { Logger } from '#platform';
import { takeBytes } from '../access/door.ts';
import { sha256Hex } from '../access/signature.ts';
import type { DescribedRoute } from '../document/api-document.ts';
import { ApiError } from '../http/api-error.ts';
import { asApiError, sendError } from '../http/api-error.filter.ts';
import { rfc3339 } from '../http/instants.ts';
import type { FunctionNames } from '../names/function-names.ts';
import { isJsonObject } from './json-bytes.ts';
import type { LargePayloads } from './large-payloads.ts';
import { payloadOperations } from './payload.operations.ts';

type Route = { Params: { project: string; urn: string; reference: string }; Body: Buffer | undefined };

const payloadsPath = '/v2/:project/sendoff/functions/:urn/payloads';
const payloadPath = `${payloadsPath}/:reference`;

/** The raw routes of this file, for the document. */
export const payloadRoutes: readonly DescribedRoute[] = [
  { method: 'post', path: payloadsPath, operation: payloadOperations.upload },
  { method: 'get', path: payloadPath, operation: payloadOperations.download },
];

/** Adds the upload and the download of large payloads. */
export async function addPayloadRoutes(
  fastify: FastifyInstance,
  payloads: LargePayloads,
  names: FunctionNames,
  logger: Logger,
): Promise<void> {
  const ownerOf = ({ params: { urn, project } }: FastifyRequest<Route>) => formatBareUrn(names.find(urn, project).urn);
  await fastify.register(async (scope) => {
    takeBytes(scope);
    scope.setErrorHandler((thrown, _request, reply) => {
      const isTooLarge = (thrown as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE';
      const error = isTooLarge ? new ApiError('FSS.0413', 'the payload is larger than any store takes') : asApiError(thrown);
      if (error.status >= 500)
        logger.warn({ err: thrown, requestId: reply.getHeader('x-request-id') }, 'a payload could not be stored or read');
      sendError(reply, error);
    });
    scope.post<Route>(payloadsPath, { config: { operation: payloadOperations.upload } }, async (request, reply) => {
      const owner = ownerOf(request);
      const { body } = request;
      if (body === undefined || !isJsonObject(body)) throw new ApiError('FSS.0406', 'the payload must be a JSON object');
      checkDigest(request.headers['x-sendoff-payload-sha256'], body);
      const { usableUntil, ...uploaded } = await payloads.upload(owner, body);
      return reply.status(201).send({ ...uploaded, usable_until: rfc3339(epochMs(usableUntil)) });
    });
    scope.get<Route>(payloadPath, { config: { operation: payloadOperations.download } }, async (request, reply) => {
      const owner = ownerOf(request);
      return sendPayload(payloads, owner, request.params.reference, reply);
    });
  });
}

/** @throws ApiError FSS.0400 if another payload arrived than the caller sent. */
function checkDigest(stated: string | string[] | undefined, body: Buffer): void {
  if (stated === undefined) return;
  const sha256 = sha256Hex(body);
  if (String(stated).toLowerCase() !== sha256)
    throw new ApiError('FSS.0400', `X-Sendoff-Payload-Sha256 is not that of the payload that arrived, ${sha256}: send it again`);
}

async function sendPayload(
  payloads: LargePayloads,
  owner: string,
  reference: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const found = isPayloadReference(reference) ? await payloads.download(owner, reference) : undefined;
  if (found === undefined) throw new ApiError('FSS.0404', 'the function has no payload of this reference, or it was removed');
  return reply.header('content-type', 'application/json; charset=utf-8').send(found.bytes);
}
