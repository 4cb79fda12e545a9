import { Client, type Dispatcher, Pool } from 'undici';

/** Counts and latencies of one load run. */
export interface LoadResult {
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The value below which a share of the sorted values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The value in the middle; 0 if there is none. */
export function median(values: readonly number[] = []): number {
  const sorted = values.toSorted((a, b) => a - b);
  return percentile(sorted, 0.5);
}

/** Sends one request and reads its answer to the end. @returns its status. */
async function statusOf(client: Dispatcher, options: Dispatcher.DispatchOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    client.dispatch(options, {
      onRequestStart: () => undefined,
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData: () => undefined,
      onResponseEnd: () => resolve(status),
      onResponseError: (_controller, error) => reject(error),
    });
  });
}

/** Posts the same body over so many connections, each waiting for its answer, for so long. */
export async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  connections: number,
  durationMs: number,
): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const latencies: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const connection = async () => {
    const client = new Client(origin, { pipelining: 1 });
    while (performance.now() - startedAt < durationMs) {
      const sentAt = performance.now();
      try {
        const status = await statusOf(client, { path: pathname, method: 'POST', headers, body });
        if (status < 300) latencies.push(performance.now() - sentAt);
        else failed++;
      } catch {
        failed++;
      }
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return resultOf(latencies, failed, performance.now() - startedAt);
}

/**
 * Posts at a fixed rate, however long each answer takes: a delay of the server delays
 * no later request.
 */
export async function postAtRate(
  url: string,
  headers: Record<string, string>,
  body: string | (() => string),
  perSecond: number,
  durationMs: number,
): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 128, pipelining: 1 });
  const latencies: number[] = [];
  let failed = 0;
  const request = async () => {
    const sentAt = performance.now();
    const sent = typeof body === 'string' ? body : body();
    const status = await statusOf(pool, { path: pathname, method: 'POST', headers, body: sent }).catch(() => 0);
    if (status < 300) latencies.push(performance.now() - sentAt);
    else failed++;
  };
  const requests: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let now = startedAt; now - startedAt < durationMs; now = performance.now()) {
    const due = Math.floor(((now - startedAt) / 1_000) * perSecond);
    while (requests.length < due) requests.push(request());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(requests);
  const elapsedMs = performance.now() - startedAt;
  await pool.close();
  return resultOf(latencies, failed, elapsedMs);
}

function resultOf(latencies: readonly number[], failed: number, elapsedMs: number): LoadResult {
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    answered: sorted.length,
    failed,
    seconds: elapsedMs / 1_000,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
  };
}
