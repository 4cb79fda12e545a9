/**
 * Goal: the image is small and holds no tools that a service does not need. It runs as a user
 * without rights on a read-only file system. The package for Testcontainers starts it, and so does
 * Java. Method: Docker builds the image as it is, and containers run it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NoticeSource, SendoffContainer } from '../../packages/testcontainers/src/index.ts';
import { imageOf, lackOfImages } from '../docker-images.ts';
import { output, systemTool } from '../foreign-tools.ts';

const buildTimeoutMs = 900_000;
const startTimeoutMs = 480_000;
const imageMegabytesMax = 250;

const missing = await lackOfImages(['NODE_IMAGE', 'KAFKA_IMAGE']);

describe.skipIf(missing !== undefined)(missing ?? 'the image', () => {
  const image = `sendoff-test:${Math.random().toString(36).slice(2, 10)}`;
  let folder: string;

  beforeAll(async () => {
    const build = [
      'build',
      '-f',
      'docker/Dockerfile',
      '--build-arg',
      `NODE_IMAGE=${await imageOf('NODE_IMAGE')}`,
      '-t',
      image,
      '.',
    ];
    await output('docker', build, { env: { DOCKER_BUILDKIT: '1' }, timeoutMs: buildTimeoutMs });
    execFileSync(process.execPath, ['packages/testcontainers/build.mjs']);
    folder = await mkdtemp(join(tmpdir(), 'sendoff-image-'));
    await mkdir(join(folder, 'node_modules', '@sendoff'), { recursive: true });
    await symlink(resolve('packages/testcontainers'), join(folder, 'node_modules', '@sendoff', 'testcontainers'));
    await symlink(resolve('node_modules/kafkajs'), join(folder, 'node_modules', 'kafkajs'));
  }, buildTimeoutMs);
  afterAll(async () => {
    spawnSync('docker', ['rmi', image]);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it(`has less than ${imageMegabytesMax} MB`, async () => {
    const size = Number(await output('docker', ['image', 'inspect', '-f', '{{.Size}}', image]));
    expect(size / 1e6).toBeLessThan(imageMegabytesMax);
  });

  it('names a user by its number, and a check of its health', async () => {
    const inspected = await output('docker', [
      'image',
      'inspect',
      '-f',
      '{{.Config.User}} {{json .Config.Healthcheck.Test}}',
      image,
    ]);
    expect(inspected).toMatch(/^1000:1000 \["CMD","node"/);
  });

  /** The tools of a list that the image has, and programs that change their user. */
  const found = async (tools: string) => {
    const script = `for tool in ${tools}; do command -v $tool; done; find / -xdev -perm /6000 -type f; true`;
    const run = ['run', '--rm', '--network', 'none', '--user', '0', '--entrypoint', 'sh', image, '-c', script];
    return (await output('docker', run)).split('\n').filter((line) => line !== '');
  };

  it('has no compiler, package manager or shell but sh, and no program that changes its user', async () => {
    const tools = 'npm npx corepack yarn gcc cc g++ c++ ld make cmake python3 perl git curl wget apt apt-get dpkg bash sudo';
    expect(await found(tools)).toEqual([]);
  });

  it('has the tools that keep functions apart', async () => {
    expect(await found('bwrap slirp4netns nft ip setpriv prlimit mount sh node')).toHaveLength(9);
  });

  describe('in the package for Testcontainers', () => {
    it(
      'passes the example suite, with the package as an ES module',
      async () => {
        await cp('examples/testcontainers/node/greet.test.mjs', join(folder, 'greet.test.mjs'));
        const result = await output(process.execPath, ['--test', 'greet.test.mjs'], {
          cwd: folder,
          env: { SENDOFF_IMAGE: image },
        });
        expect(result).toMatch(/pass 3\n/);
      },
      startTimeoutMs,
    );

    it(
      'runs healthy on a read-only file system, without capabilities, and says why it cannot start',
      async () => {
        const sendoff = await new SendoffContainer(image)
          .withKafkaImage(await imageOf('KAFKA_IMAGE'))
          .withFunction('echo', { code: 'exports.handler = async (event) => event;' })
          .withPolicy('echo', { onSuccess: { topic: 'news' } })
          .start();
        let alone: StartedTestContainer | undefined;
        try {
          const requestId = await sendoff.invoke('echo', { a: 1 });
          const source: NoticeSource = { topic: 'news' };
          expect(await sendoff.notices(source, { requestId })).toMatchObject([{ event: { a: 1 }, response: { a: 1 } }]);
          await expect(sendoff.settled('unknown')).rejects.toThrow('name its function');
          await expect(sendoff.notices({ stream: 'empty' }, { timeoutMs: 1 })).rejects.toThrow('0 of 1 notices');

          const service = new GenericContainer(image).withCommand(['retry-scheduler']).withDroppedCapabilities('ALL');
          service.withEnvironment({ KAFKA_BROKERS: sendoff.getNetworkKafkaBootstrapServers() });
          service.withNetworkMode(sendoff.getNetworkNames()[0] ?? '').withTmpFs({ '/tmp': 'rw,size=64m' });
          alone = await readOnly(service).withWaitStrategy(Wait.forHealthCheck()).withStartupTimeout(startTimeoutMs).start();
          const { output: answer } = await alone.exec(['sh', '-c', 'id -u; touch /app/planted 2>/dev/null && echo written']);
          expect(answer.trim()).toBe('1000');
        } finally {
          await alone?.stop();
          await sendoff.stop();
        }
        const broken = new SendoffContainer(image).withEnvironment({ KAFKA_PARTITIONS: 'many' });
        broken.withKafka({ network: 'unused:1', host: 'unused:1' }).withStartupTimeout(20_000);
        await expect(broken.start()).rejects.toThrow(/KAFKA_PARTITIONS/);
        await expect(
          new SendoffContainer('sendoff-nowhere:1').withKafka({ network: 'u:1', host: 'u:1' }).start(),
        ).rejects.toThrow('docker build -f docker/Dockerfile -t sendoff-nowhere:1');
      },
      startTimeoutMs,
    );

    it(
      'passes the example suite in Java',
      async ({ skip }) => {
        const maven = await systemTool('mvn', '--version');
        if ('missing' in maven) return skip(maven.missing);
        await cp('examples/testcontainers/java', join(folder, 'java'), { recursive: true });
        await output('mvn', ['-q', '-B', 'test'], {
          cwd: join(folder, 'java'),
          env: { SENDOFF_IMAGE: image },
          timeoutMs: startTimeoutMs,
        });
      },
      startTimeoutMs,
    );
  });
});

/** The container with a read-only file system, which Testcontainers has no method for. */
function readOnly(container: GenericContainer): GenericContainer {
  Object.assign((container as unknown as { hostConfig: object }).hostConfig, { ReadonlyRootfs: true });
  return container;
}
