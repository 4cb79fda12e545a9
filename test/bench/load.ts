import { Agent, request } from 'node:http';

/** What a load run saw; times in milliseconds. */
export interface LoadResult {
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The value below which a share of the sorted values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Posts the same body over so many connections, each waiting for its answer, for so long. */
export async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  connections: number,
  durationMs: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const one = async (): Promise<void> =>
    new Promise((resolve) => {
      const sentAt = performance.now();
      const sent = request(
        url,
        { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
        (response) => {
          response.resume().once('end', () => {
            if (response.statusCode === 202) latencies.push(performance.now() - sentAt);
            else failed++;
            resolve();
          });
        },
      );
      sent.once('error', () => {
        failed++;
        resolve();
      });
      sent.end(body);
    });
  const connection = async () => {
    while (performance.now() - startedAt < durationMs) await one();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  const seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  const sorted = latencies.toSorted((a, b) => a - b);
  return { answered: sorted.length, failed, seconds, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}
