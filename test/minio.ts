/** A real MinIO for tests: built once from its Go module, kept in the cache of the user. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '#testing';

const run = promisify(execFile);
const binDir = join(homedir(), '.cache', 'sendoff', 'bin');
const buildTimeoutMs = 600_000;

/** A MinIO that answers. */
export interface RunningMinio {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  stop(): Promise<void>;
}

/**
 * The binary, built where it is not there yet.
 * @returns a reason in words when it cannot be had.
 */
export async function minioBinary(): Promise<{ readonly file: string } | { readonly missing: string }> {
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

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Starts one on a folder of its own; it ends with this process. */
export async function startMinio(file: string): Promise<RunningMinio> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-minio-'));
  const port = await freePort();
  const [accessKey, secretKey] = ['minio-access', 'minio-secret-key'];
  const child: ChildProcess = spawn(file, ['server', dataDir, '--address', `127.0.0.1:${port}`, '--quiet'], {
    env: { PATH: process.env['PATH'], HOME: dataDir, MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey },
    stdio: 'ignore',
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually(async () => (await fetch(`${endpoint}/minio/health/ready`)).ok, { deadlineMs: 30_000 });
  return {
    endpoint,
    accessKey,
    secretKey,
    async stop() {
      process.off('exit', kill);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
