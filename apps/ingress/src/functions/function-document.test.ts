import { describe, expect, it } from 'vitest';
import { epochMs, type FunctionDocument } from '#contracts';
import { Sealer } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { validated } from '../http/validated.ts';
import { configuredBy, functionAnswer, newFunction, reconfigured } from './function-document.ts';
import { CreateFunctionDto, FunctionConfigDto } from './function.dto.ts';

const sealer = new Sealer('a-platform-key-of-32-characters-at-least');
const bareUrn = 'urn:fss:local:p1:function:default:hello';
const now = epochMs(1_800_000_000_000);
const settings = { runtime: 'Node.js20.15', handler: 'index.handler', timeout: 5, memory_size: 128 };
const code = { kind: 'inline', source: 'x', digest: 'd' } as const;

const config = (more: object = {}) => validated(FunctionConfigDto, { ...settings, ...more });
const made = (more: object = {}): FunctionDocument => {
  const body = { func_name: 'hello', package: 'default', code_type: 'inline', ...settings, ...more };
  return newFunction(validated(CreateFunctionDto, body), code, { bareUrn, project: 'p1', sealer, now });
};

/** The code of the error that an action throws; undefined if it throws none. */
function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe('configuredBy', () => {
  it('has the defaults of all fields that a body leaves out', () => {
    expect(configuredBy(config())).toEqual({
      runtime: 'Node.js20.15',
      handler: 'index.handler',
      timeoutMs: 5_000,
      memoryMb: 128,
      isMemoryDynamic: false,
      userData: {},
      description: '',
      instancesMax: 400,
      concurrencyPerInstance: 1,
    });
  });

  it.each<[field: string, value: unknown, setting: object]>([
    ['initializer_handler', 'index.init', { initializer: { handler: 'index.init', timeoutMs: 30_000 } }],
    ['xrole', 'agency', { agency: 'agency' }],
    ['app_xrole', 'agency', { appAgency: 'agency' }],
    ['strategy_config', { concurrency: 0, concurrent_num: 1_000 }, { instancesMax: 0, concurrencyPerInstance: 1_000 }],
    ['strategy_config', { concurrency: -1 }, { instancesMax: -1, concurrencyPerInstance: 1 }],
    ['user_data', '{"a":"b"}', { userData: { a: 'b' } }],
  ])('reads %s', (field, value, setting) => {
    expect(configuredBy(config({ [field]: value }))).toMatchObject(setting);
  });

  it.each(['initializer_handler', 'xrole', 'app_xrole'])('takes an empty %s for none', (field) => {
    expect(configuredBy(config({ [field]: '' }))).toEqual(configuredBy(config()));
  });

  it.each<[handler: string, code: string | undefined]>([
    ['index.handler', undefined],
    ['src/lib/index.handler', undefined],
    ['a.b.handler', 'FSS.1003'],
    ['handler', 'FSS.1003'],
    ['index.', 'FSS.1003'],
    ['../index.handler', 'FSS.1003'],
    ['/index.handler', 'FSS.1003'],
  ])('answers handler and initializer %s with %s', (handler, expected) => {
    expect(codeOf(() => configuredBy(config({ handler })))).toBe(expected);
    expect(codeOf(() => configuredBy(config({ initializer_handler: handler })))).toBe(expected);
  });

  it.each(['Python3.9', 'Node.js', 'node.js20.15', 'HTTP', ''])('refuses the runtime %j', (runtime) => {
    expect(codeOf(() => configuredBy(Object.assign(config(), { runtime })))).toBe('FSS.1005');
  });
});

describe('reconfigured', () => {
  const full = made({
    xrole: 'agency',
    app_xrole: 'agency',
    initializer_handler: 'index.init',
    description: 'old',
    encrypted_user_data: '{"a":"b"}',
    strategy_config: { concurrency: 3, concurrent_num: 2 },
    gpu_type: 'none',
    tags: [{ key: 'team', value: 'a' }],
  });

  it('keeps code, scaling, secrets, tags and pass-through fields of a body that leaves them out', () => {
    expect(reconfigured(full, config(), sealer)).toMatchObject({
      code,
      instancesMax: 3,
      concurrencyPerInstance: 2,
      sealedUserData: full.sealedUserData,
      tags: { team: 'a' },
      kept: { gpu_type: 'none' },
    });
  });

  it.each(['agency', 'appAgency', 'initializer'] as const)('removes the %s of a body that leaves it out', (setting) => {
    expect(full).toHaveProperty(setting);
    expect(reconfigured(full, config(), sealer)).not.toHaveProperty(setting);
  });

  it('replaces tags in a known form, and passes any other form through', () => {
    const replaced = reconfigured(full, config({ tags: [{ key: 'other' }] }), sealer);
    expect(replaced).toMatchObject({ tags: { other: '' }, kept: { gpu_type: 'none' } });
    const passed = reconfigured(full, config({ tags: 'team=a' }), sealer);
    expect(passed).toMatchObject({ tags: { team: 'a' }, kept: { gpu_type: 'none', tags: 'team=a' } });
  });

  it.each<[what: string, more: object, code: string | undefined]>([
    ['another version of its runtime', { runtime: 'Node.js18.15' }, undefined],
    ['another kind of runtime', { runtime: 'http' }, 'FSS.1005'],
    ['its own name', { func_name: 'hello' }, undefined],
    ['another name', { func_name: 'other' }, 'FSS.1002'],
  ])('answers %s with %s %s', (_what, more, expected) => {
    expect(codeOf(() => reconfigured(full, config(more), sealer))).toBe(expected);
  });
});

describe('functionAnswer', () => {
  it.each<[memoryMb: number, cpu: number]>([
    [128, 300],
    [768, 800],
    [4_096, 3_400],
  ])('shows %i MB of memory with %i of cpu', (memory_size, cpu) => {
    expect(functionAnswer(made({ memory_size }))).toMatchObject({ memory_size, cpu });
  });

  it.each<[timeout: number, isLong: boolean]>([
    [900, false],
    [901, true],
  ])('shows a timeout of %i s with long_time %s', (timeout, isLong) => {
    expect(functionAnswer(made({ timeout }))).toMatchObject({ timeout, long_time: isLong });
  });

  it('shows the names of secrets without their values', () => {
    const answer = functionAnswer(made({ encrypted_user_data: '{"password":"hush"}' }));
    expect([answer['encrypted_user_data'], JSON.stringify(answer).includes('hush')]).toEqual(['{"password":""}', false]);
  });

  it('shows tags of the function, and none of a version', () => {
    const fn = made({ tags: [{ key: 'team', value: 'a' }] });
    expect(functionAnswer(fn)).toMatchObject({ tags: [{ key: 'team', value: 'a' }] });
    expect(functionAnswer({ ...fn, version: 'v1' })).not.toHaveProperty('tags');
  });
});
