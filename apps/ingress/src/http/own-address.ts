import type { FastifyRequest } from 'fastify';

/** The address under which clients reach the API. */
export class OwnAddress {
  private readonly publicUrl: string | undefined;

  /** @param publicUrl overrides the address that each request was sent to. */
  constructor(publicUrl: string | undefined) {
    this.publicUrl = publicUrl?.replace(/(?<!\/)\/+$/, '');
  }

  /** Returns the address, without a slash at its end. */
  of({ protocol, host }: FastifyRequest): string {
    return this.publicUrl ?? `${protocol}://${host}`;
  }
}
