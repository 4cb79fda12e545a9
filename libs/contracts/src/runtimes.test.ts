import { describe, expect, it } from 'vitest';
import { runtimeOf } from './runtimes.ts';

describe('runtimeOf', () => {
  it.each([
    ['Node.js20.15', 'node'],
    ['Node.js6.10', 'node'],
    ['http', 'http'],
    ['Node.js20', undefined],
    ['Node.js', undefined],
    ['node.js20.15', undefined],
    ['Node.js20.15 ', undefined],
    ['https', undefined],
    ['Python3.9', undefined],
    ['', undefined],
  ])('takes the name %j for a runtime of the kind %s', (name, kind) => {
    expect(runtimeOf(name)?.kind).toBe(kind);
  });

  it.each([
    ['index.handler', true],
    ['src/index.handler', true],
    ['src/lib-1/in_dex.$handler', true],
    ['index', false],
    ['.handler', false],
    ['index.', false],
    ['../index.handler', false],
    ['/index.handler', false],
    ['a//index.handler', false],
    ['a.b.handler', false],
  ])('says that the handler %j of Node.js is valid: %s', (handler, isValid) => {
    const runtime = runtimeOf('Node.js20.15');
    expect(runtime?.code === 'files' && runtime.handlerPattern.test(handler)).toBe(isValid);
  });
});
