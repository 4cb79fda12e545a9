import type { FastifyRequest } from 'fastify';

/** Where the API is reached, without a slash at its end: as it was configured, else as this request reached it. */
export function ownAddress({ protocol, host }: FastifyRequest, publicUrl: string | undefined): string {
  return publicUrl?.replace(/\/+$/, '') ?? `${protocol}://${host}`;
}
