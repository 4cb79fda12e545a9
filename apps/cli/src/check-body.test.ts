import { describe, expect, it } from 'vitest';
import { type ApiDescription, bodyFault } from './check-body.ts';

const json = (schema: object) => ({ requestBody: { content: { 'application/json': { schema } } } });
const document: ApiDescription = {
  paths: {
    '/v2/{project}/functions/{urn}': { put: json({ $ref: '#/components/schemas/Settings' }), get: {} },
    '/v2/{project}/functions/import': { put: json({ type: 'object', required: ['file'] }) },
  },
  components: {
    schemas: {
      Settings: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', pattern: '^[a-z]+$', example: 'hello' },
          retries: { type: ['integer', 'null'], maximum: 3 },
          memory: { type: 'integer', enum: [128, 256] },
          target: { anyOf: [{ $ref: '#/components/schemas/Target' }, { type: 'null' }] },
        },
      },
      Target: { type: 'object', properties: { days: { type: 'integer', maximum: 365 } } },
    },
  },
};
const put = async (name: string, body: unknown) =>
  bodyFault(document, { method: 'PUT', path: ['v2', 'p1', 'functions', name], body });

describe('bodyFault', () => {
  it.each<[body: object, fault: string | undefined]>([
    [{ name: 'hello', retries: 3, memory: 128, target: null }, undefined],
    [{ name: 'hello', retries: null, later: 1 }, undefined],
    [{ name: 'hello', retries: 9 }, 'retries must be <= 3'],
    [{ name: 'Hello' }, 'name must match pattern "^[a-z]+$"'],
    [{ name: undefined }, "must have required property 'name'"],
    [{ name: 'hello', memory: 100 }, 'memory must be equal to one of the allowed values: 128, 256'],
    [{ name: 'hello', target: { days: 400 } }, 'target.days must be <= 365'],
  ])('judges %j', async (body, fault) => {
    expect(await put('one', body)).toBe(fault);
  });

  it('takes a name of a path before a parameter', async () => {
    expect(await put('import', {})).toBe("must have required property 'file'");
  });

  it.each([
    ['GET', ['v2', 'p1', 'functions', 'one']],
    ['POST', ['v2', 'p1', 'functions', 'one']],
    ['PUT', ['v2', 'p1', 'nothing']],
  ])('judges nothing that the document does not describe: %s %s', async (method, path) => {
    expect(await bodyFault(document, { method, path, body: {} })).toBeUndefined();
  });
});
