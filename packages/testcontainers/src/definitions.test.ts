import { describe, expect, it } from 'vitest';
import { type ArchiveSource, type FunctionDefinition, functionBody, policyBody } from './definitions.ts';

const packed: ArchiveSource[] = [];
const bodyOf = async (definition: FunctionDefinition) =>
  functionBody('f', definition, async (source) => {
    packed.push(source);
    return 'zip';
  });
const urns = { functionUrn: (name: string) => `urn:f:${name}`, topicUrn: (name: string) => `urn:t:${name}` };

describe('a function', () => {
  it('of bare source is inline, with the defaults', async () => {
    expect(await bodyOf('code')).toMatchObject({
      func_name: 'f',
      runtime: 'Node.js20.15',
      handler: 'index.handler',
      timeout: 3,
      memory_size: 128,
      code_type: 'inline',
      func_code: { file: Buffer.from('code').toString('base64') },
      xrole: 'testcontainers',
    });
  });

  it('of source past 10 KiB is an archive with the file that its handler names', async () => {
    expect(await bodyOf({ code: 'x'.repeat(10_240) })).toMatchObject({ code_type: 'inline' });
    const code = 'x'.repeat(10_241);
    expect(await bodyOf({ code, handler: 'main.run' })).toMatchObject({ code_type: 'zip', handler: 'main.run' });
    expect(packed.at(-1)).toEqual({ name: 'main.js', content: code });
  });

  it('of a folder is an archive of it', async () => {
    const definition = { folder: 'functions/a', timeoutSeconds: 9, memoryMb: 256, userData: { KEY: 'value' } };
    expect(await bodyOf(definition)).toMatchObject({
      timeout: 9,
      memory_size: 256,
      user_data: '{"KEY":"value"}',
      code_type: 'zip',
      func_code: { file: 'zip' },
    });
    expect(packed.at(-1)).toEqual({ folder: 'functions/a' });
  });

  it('of a URL is an http function', async () => {
    expect(await bodyOf({ url: 'http://host:1/' })).toMatchObject({ runtime: 'http', code_url: 'http://host:1/' });
  });
});

describe('a policy', () => {
  it('without a field leaves all to the defaults of the API', () => {
    expect(policyBody({}, urns)).toEqual({});
  });

  it('names its waits in seconds', () => {
    const policy = { retriesMax: 0, eventAgeMaxSeconds: 60, retryWaitBaseSeconds: 0.1, retryWaitMaxSeconds: 1 };
    expect(policyBody(policy, urns)).toEqual({
      max_async_retry_attempts: 0,
      max_async_event_age_in_seconds: 60,
      retry_wait_base_in_seconds: 0.1,
      retry_wait_max_in_seconds: 1,
    });
  });

  it.each([
    [{ stream: 's' }, 'DIS', { stream_name: 's' }],
    [{ topic: 't' }, 'SMN', { topic_urn: 'urn:t:t' }],
    [{ bucket: 'b', prefix: 'p' }, 'OBS', { bucket: 'b', prefix: 'p', expires: 0 }],
    [{ bucket: 'b' }, 'OBS', { bucket: 'b', prefix: '', expires: 0 }],
    [{ function: 'g' }, 'FunctionGraph', { func_urn: 'urn:f:g' }],
  ])('tells %j as %s', (to, destination, param) => {
    expect(policyBody({ onFailure: to }, urns)).toEqual({
      destination_config: { on_failure: { destination, param: JSON.stringify(param) } },
    });
  });
});
