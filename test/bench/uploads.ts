/**
 * Measures how long the ingress takes to accept an invocation at 200/s, alone and while a client
 * uploads 50 MB ZIPs one after another. An own process uploads, so that only the ingress can delay
 * an answer. Prints JSON.
 *
 * `npm run bench:uploads [seconds]`
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aZip } from '#testing';
import { base64, BenchInstallation, functionBody, machine } from './installation.ts';
import { type LoadResult, postAtRate } from './load.ts';

const perSecond = 200;
const durationMs = Number(process.argv[2] ?? 20) * 1_000;
const archiveBytes = 50 * 1_000_000;

/** A ZIP of a handler and of so many random bytes, both stored. */
function archiveOf(sizeBytes: number): Buffer {
  return aZip([
    { name: 'index.js', data: 'exports.handler = async () => 1;', method: 0 },
    { name: 'random.bin', data: randomBytes(sizeBytes), method: 0 },
  ]);
}

/**
 * Uploads a file with curl until it is told to stop.
 * @returns how many uploads were answered 200, and how to stop.
 */
function uploadRepeatedly(url: string, file: string, headers: Record<string, string>) {
  let isStopped = false;
  let uploads = 0;
  const statuses = new Set<string>();
  const header = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const done = (async () => {
    while (!isStopped) {
      const curl = spawn('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'PUT', ...header, '-T', file, url]);
      let status = '';
      curl.stdout.on('data', (chunk: Buffer) => (status += chunk.toString()));
      await new Promise((resolve) => curl.once('exit', resolve));
      statuses.add(status);
      uploads++;
    }
  })();
  return {
    async stop(): Promise<{ uploads: number; statuses: readonly string[] }> {
      isStopped = true;
      await done;
      return { uploads, statuses: [...statuses] };
    },
  };
}

const rounded = ({ answered, failed, p50Ms, p99Ms, maxMs }: LoadResult) => ({
  answered,
  failed,
  p50Ms: Number(p50Ms.toFixed(1)),
  p99Ms: Number(p99Ms.toFixed(1)),
  maxMs: Number(maxMs.toFixed(1)),
});

const installation = await BenchInstallation.start();
const folder = await mkdtemp(join(tmpdir(), 'sendoff-bench-upload-'));
const body = join(folder, 'body.json');
const code = { code_type: 'zip', func_code: { file: base64(archiveOf(archiveBytes)) } };
await writeFile(body, JSON.stringify(code));
await installation.createFunction('noop', 'exports.handler = async () => 1;');
await installation.call(
  'POST',
  '',
  functionBody('uploaded', { code_type: 'inline', func_code: { file: base64('exports.handler = async () => 1;') } }),
);
const load = async () =>
  postAtRate(`${installation.functionsUrl}/noop/invocations-async`, installation.tokenHeaders, '{}', perSecond, durationMs);
// The first seconds of new processes are slower than the rest.
await load();
const alone = await load();
const uploads = uploadRepeatedly(`${installation.functionsUrl}/uploaded/code`, body, installation.tokenHeaders);
const besideUploads = await load();
const uploaded = await uploads.stop();
console.log(
  JSON.stringify({ machine, perSecond, alone: rounded(alone), besideUploads: rounded(besideUploads), ...uploaded }, null, 2),
);
await rm(folder, { recursive: true, force: true });
await installation.stop();
process.exit(0);
