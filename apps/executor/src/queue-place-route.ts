import type { FastifyInstance } from 'fastify';
import { bareUrnOf, type QueuePlace, queuePlacePath, type QueuePlaceQuery } from '#contracts';
import { type InternalTokenCheck, internalTokenHeader } from '#platform';
import type { AttemptQueue } from './attempt-queue.ts';
import type { RunnableFunctions } from './runnable-functions.ts';
import type { RunningAttempts } from './running-attempts.ts';

/** The parts of an executor that know where an invocation is. */
export interface QueuePlaceSources {
  readonly queue: Pick<AttemptQueue, 'placeOf' | 'runningNow' | 'runningMax'>;
  readonly running: Pick<RunningAttempts, 'has'>;
  readonly functions: Pick<RunnableFunctions, 'ownMaxOf'>;
}

/** Tells where an invocation is in this executor, and what else its function does here. */
export function queuePlaceOf({ queue, running, functions }: QueuePlaceSources, query: QueuePlaceQuery): QueuePlace {
  const { functionUrn, requestId } = query;
  const place = queue.placeOf(bareUrnOf(functionUrn), requestId);
  const limit = functions.ownMaxOf(functionUrn);
  return {
    ...place,
    isRunning: place.place === undefined && running.has({ functionUrn, requestId }),
    ...(Number.isFinite(limit) ? { limit } : {}),
    allRunning: queue.runningNow,
    allRunningMax: queue.runningMax,
  };
}

const bodyBytesMax = 2_048;

/** Adds the route on which the ingress asks where an invocation is. */
export async function addQueuePlaceRoute(
  fastify: FastifyInstance,
  tokens: InternalTokenCheck,
  sources: QueuePlaceSources,
): Promise<void> {
  await fastify.register(async (scope) => {
    scope.addHook('onRequest', (request, reply, done) => {
      if (!tokens.isValid(request.headers[internalTokenHeader])) return void reply.status(403).send();
      done();
    });
    scope.post<{ Body: QueuePlaceQuery }>(queuePlacePath, { bodyLimit: bodyBytesMax }, async (request) =>
      queuePlaceOf(sources, request.body),
    );
  });
}
