/**
 * Goal: the image and the compose file do what they promise, together with Kafka and an object
 * store in containers. Method: Docker Compose builds and starts them as they are, on a project of
 * their own; they are asked through the published port.
 */
import { DockerComposeEnvironment, getContainerRuntimeClient, type StartedDockerComposeEnvironment } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceKeysOf } from '#platform';
import { eventually } from '#testing';
import { lackOfImages } from '../docker-images.ts';
import { systemTool } from '../foreign-tools.ts';
import { Client, destination } from './client.ts';

const services = ['ingress', 'executor', 'retry-scheduler', 'notifier', 'status-logger'] as const;
const startTimeoutMs = 600_000;
const stopMaxMs = 25_000;

/** @returns in words what cannot be had here; undefined when all is there. */
async function whatIsMissing(): Promise<string | undefined> {
  const lack = await lackOfImages();
  if (lack !== undefined) return lack;
  const compose = await systemTool('docker', 'compose', 'version');
  return 'missing' in compose ? 'Docker Compose 2 is not there' : undefined;
}

const missing = await whatIsMissing();

describe.skipIf(missing !== undefined)(missing ?? 'an installation in containers', () => {
  const project = `sendoff-e2e-${Math.random().toString(36).slice(2, 10)}`;
  let environment: StartedDockerComposeEnvironment;
  let client: Client;

  const platformKey = 'e2e-platform-key-of-32-characters';
  const up = async ({ isBuilt }: { isBuilt: boolean }) => {
    const compose = new DockerComposeEnvironment('docker', 'compose.yaml').withProjectName(project);
    if (!isBuilt) compose.withBuild();
    const keys = await serviceKeysOf({ platformKey, publicKeys: [] });
    environment = await compose
      .withEnvironment({
        SENDOFF_VERSION: 'e2e',
        SENDOFF_PORT: '0',
        SENDOFF_PROJECT_ID: 'p1',
        SENDOFF_TOKEN: 'e2e-token',
        SENDOFF_ACCESS_KEY: 'AKE2E',
        SENDOFF_SECRET_KEY: 'sk-of-e2e',
        SENDOFF_PLATFORM_KEY: platformKey,
        SENDOFF_FUNCTIONS_KEY: keys.functionsKey,
        SENDOFF_SUBSCRIPTION_KEY: keys.subscriptionKey,
        SENDOFF_PUBLIC_KEYS: keys.publicKeys.join(','),
        S3_ACCESS_KEY: 'e2e-access',
        S3_SECRET_KEY: 'e2e-secret-key',
        DATABASE_PASSWORD: 'e2e-password-of-database',
        ...Object.fromEntries(
          ['ADMIN', 'INGRESS', 'EXECUTOR', 'RETRY_SCHEDULER', 'NOTIFIER', 'STATUS_LOGGER', 'OUTSIDE'].map((name) => [
            `KAFKA_${name}_PASSWORD`,
            `e2e-password-of-${name}`,
          ]),
        ),
      })
      .up();
    const port = environment.getContainer('ingress-1').getMappedPort(8700);
    client = new Client(`http://127.0.0.1:${port}`, 'p1', 'e2e-token');
  };
  const run = async (service: string, command: string) => environment.getContainer(`${service}-1`).exec(['sh', '-c', command]);

  beforeAll(async () => up({ isBuilt: false }), startTimeoutMs);
  afterAll(async () => {
    await environment?.down();
  });

  it('runs a function again until it succeeds, and puts its result into the bucket', async () => {
    await client.grantEverything();
    await client.must('PUT', '/sendoff/buckets/results', {});
    await client.createFunction(
      'second-time',
      'let n = 0; exports.handler = async (event) => { if (++n % 2) throw new Error("no luck"); return `hello ${event.name}`; };',
    );
    await client.setPolicy('second-time', {
      max_async_retry_attempts: 3,
      destination_config: { on_success: destination('OBS', { bucket: 'results', prefix: 'second-time' }) },
    });
    const requestId = await client.invoke('second-time', { name: 'world' });
    const record = await client.delivered('second-time', requestId);
    expect(record).toMatchObject({ status: 'SUCCESS', approximate_invoke_count: 2, deliveries: [{ state: 'delivered' }] });
    const location = record.deliveries[0]?.location ?? '';
    // The store is reached from the network of the containers only, and asks for a signed request.
    const script = `
      const { Client } = require('minio');
      const client = new Client({ endPoint: 'store', port: 8333, useSSL: false, accessKey: process.env.S3_ACCESS_KEY, secretKey: process.env.S3_SECRET_KEY });
      client.getObject('results', '${new URL(location).pathname.slice('/results/'.length)}').then((stream) => stream.pipe(process.stdout));`;
    const { output, exitCode } = await run('notifier', `cd /app && node -e "${script.replaceAll('"', '\\"')}"`);
    expect(exitCode, output).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ request_context: { request_id: requestId }, response_payload: '"hello world"' });
  });

  it.each(services)('%s is not root and cannot write to its image', async (service) => {
    const { output } = await run(service, 'id -u; touch /app/planted 2>/dev/null && echo written');
    expect(output.trim()).toBe('1000');
  });

  it(
    'finishes what runs when it is stopped, and remembers all of it when it is started again',
    async () => {
      await client.createFunction('slow', 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 3000, "done"));');
      const requestId = await client.invoke('slow');
      await eventually(async () => (await client.record('slow', requestId))?.status === 'RUNNING');
      const runtime = await getContainerRuntimeClient();
      const stoppedAt = performance.now();
      await environment.stop();
      expect(performance.now() - stoppedAt).toBeLessThan(stopMaxMs);
      const exitCodes = await Promise.all(
        services.map(async (service) => {
          const container = runtime.container.getById(environment.getContainer(`${service}-1`).getId());
          return [service, (await runtime.container.inspect(container)).State.ExitCode];
        }),
      );
      expect(exitCodes).toEqual(services.map((service) => [service, 0]));
      await up({ isBuilt: true });
      expect(await client.ended('slow', requestId)).toMatchObject({ status: 'SUCCESS', approximate_invoke_count: 1 });
      expect(await client.records('second-time')).toMatchObject([{ status: 'SUCCESS', approximate_invoke_count: 2 }]);
    },
    startTimeoutMs,
  );
});
