/**
 * Goal: every example works as it stands in the repository. Method: one installation, and each
 * example run by its own tools, as its reader would.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { output, pythonWith, systemTool } from '../foreign-tools.ts';
import { Installation } from './installation.ts';

const count = 3;
let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  await installation.client.createFunction('greeted', 'exports.handler = async (event) => event;');
});
afterAll(async () => installation?.stop());

const env = () => ({ SENDOFF_DATA_DIR: installation.dataDir, KAFKA_TOPIC_PREFIX: installation.topicPrefix });

/** Every request id that was printed becomes an invocation that succeeds. */
async function expectInvocations(printed: string): Promise<void> {
  const requestIds = printed.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
  expect(requestIds).toHaveLength(count);
  const records = await Promise.all(requestIds.map((requestId) => installation.client.ended('greeted', requestId)));
  expect(records.map(({ status }) => status)).toEqual(Array(count).fill('SUCCESS'));
}

describe('a Kafka producer that knows nothing of Sendoff but the headers is a full caller', () => {
  it('in TypeScript', async () => {
    await expectInvocations(
      await output(process.execPath, ['examples/kafka/typescript/producer.ts', 'greeted', String(count)], { env: env() }),
    );
  });

  it('in Python', async ({ skip }) => {
    const python = await pythonWith('examples/kafka/python/requirements.txt');
    if ('missing' in python) return skip(python.missing);
    await expectInvocations(
      await output(python.command, ['examples/kafka/python/producer.py', 'greeted', String(count)], { env: env() }),
    );
  });

  it('in Java', async ({ skip }) => {
    const maven = await systemTool('mvn', '--version');
    if ('missing' in maven) return skip(maven.missing);
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-java-'));
    try {
      await cp('examples/kafka/java', folder, { recursive: true });
      await expectInvocations(
        await output('mvn', ['-q', '-B', 'compile', 'exec:java', `-Dexec.args=greeted ${count}`], { cwd: folder, env: env() }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a client of FunctionGraph that is pointed here', () => {
  it('is the official Node.js SDK', async () => {
    expect(await output(process.execPath, ['examples/node-sdk/invoke.mjs', 'greeted'], { env: env() })).toMatch(/\nSUCCESS\n$/);
  });

  it('is the official Python SDK', async ({ skip }) => {
    const python = await pythonWith('examples/python-sdk/requirements.txt');
    if ('missing' in python) return skip(python.missing);
    expect(await output(python.command, ['examples/python-sdk/invoke.py', 'greeted'], { env: env() })).toMatch(/\nSUCCESS\n$/);
  });

  it('is curl, with a signature made by hand', async ({ skip }) => {
    const openssl = await systemTool('openssl', 'version');
    if ('missing' in openssl) return skip(openssl.missing);
    const signed = async (...args: readonly string[]) =>
      JSON.parse(await output('examples/curl/signed.sh', args, { env: { ...env(), SENDOFF_URL: installation.url } })) as Record<
        string,
        unknown
      >;
    expect(await signed('GET', '/fgs/functions/greeted:latest/config')).toMatchObject({ error_code: 'FSS.1051' });
    expect(await signed('GET', '/fgs/functions/urn:fss:local:p1:function:default:greeted:latest/config')).toMatchObject({
      func_name: 'greeted',
    });
    const { request_id: requestId } = await signed('POST', '/fgs/functions/greeted/invocations-async', '{"name":"wörld"}');
    expect((await installation.client.ended('greeted', String(requestId))).status).toBe('SUCCESS');
  });

  it('is Terraform with the provider of Huawei Cloud, which makes, finds unchanged and removes', async ({ skip }) => {
    const terraform = await systemTool('terraform', 'version');
    if ('missing' in terraform) return skip(terraform.missing);
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-terraform-'));
    try {
      await cp('examples/terraform', folder, { recursive: true });
      const run = async (...args: readonly string[]) =>
        output('terraform', [...args, '-no-color', '-input=false'], {
          cwd: folder,
          env: { TF_VAR_data_dir: installation.dataDir, TF_LOG: '' },
        });
      const lacking = await run('init').then(
        () => undefined,
        (error: unknown) => `the provider cannot be had: ${String(error).slice(0, 200)}`,
      );
      if (lacking !== undefined) return skip(lacking);
      const { client } = installation;
      await client.must('PUT', '/sendoff/agencies/terraform', { grants: [{ type: 'SMN', resource: '*' }] });
      await run('apply', '-auto-approve');
      expect(await client.must('GET', '/fgs/functions/from-terraform/async-invoke-config')).toMatchObject({
        max_async_retry_attempts: 2,
        destination_config: { on_failure: { destination: 'SMN', param: '{"topic_urn":"urn:smn:local:p1:from-terraform"}' } },
      });
      // Ends with 2, which is thrown, where there is anything to change.
      await run('plan', '-detailed-exitcode');
      await run('destroy', '-auto-approve');
      expect((await client.call('GET', '/fgs/functions/from-terraform/config')).status).toBe(404);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
