import { fastify, type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireSpecs } from './route-spec.ts';

let server: FastifyInstance;
const handler = async () => 'done';

beforeEach(() => {
  server = fastify();
  requireSpecs(server, [{ path: '/listed', operation: { isOpen: true } }]);
});
afterEach(() => server.close());

describe('requireSpecs', () => {
  it('throws where a route is added that has no spec', () => {
    expect(() => server.get('/forgotten', handler)).toThrow('the route GET /forgotten has no spec');
  });

  it('keeps a plugin with such a route from becoming ready', async () => {
    void server.register(async (scope) => scope.get('/forgotten', handler));
    await expect(server.ready()).rejects.toThrow('the route GET /forgotten has no spec');
  });

  it.each(['GET', 'HEAD'] as const)('shows the spec of a route to the hooks of its %s requests', async (method) => {
    const seen: unknown[] = [];
    server.addHook('onRequest', async ({ routeOptions }) => void seen.push(routeOptions.config.operation));
    server.get('/listed', handler);
    server.get('/own', { config: { operation: { right: 'read', reach: 'everyone' } } }, handler);
    for (const url of ['/listed', '/own']) await server.inject({ method, url });
    expect(seen).toEqual([{ isOpen: true }, { right: 'read', reach: 'everyone' }]);
  });

  it.each([
    ['as many bytes as the spec allows', 4, 200],
    ['one byte more', 5, 413],
  ])('answers a body of %s with the status of its limit', async (_what, bytes, status) => {
    server.post('/', { config: { operation: { right: 'manage', reach: 'project', bodyBytesMax: 4 } } }, handler);
    const headers = { 'content-type': 'text/plain' };
    expect((await server.inject({ method: 'POST', url: '/', headers, payload: 'x'.repeat(bytes) })).statusCode).toBe(status);
  });
});
