/**
 * Goal: the stop prints what is known of the ledger, and waits for nothing longer than it may.
 * Method: a server of the test stands in for the status-logger.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { LedgerSummary } from '#contracts';
import { lastLedger } from './last-ledger.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function askOf(listener: RequestListener, timeoutMs = 5_000): Promise<string> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', () => resolve()));
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return lastLedger({ url, tokens: { tokenFor: (callee) => `token for ${callee}` }, timeoutMs });
}

const lost = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ requestId: `r${index}`, functionUrn: 'f', project: 'p1' }));
it.each<[unaccounted: LedgerSummary['unaccounted'], shown: string]>([
  [[], '0'],
  [undefined, 'unknown'],
  [lost(2), '2: r0, r1'],
  [lost(6), '6: r0, r1, r2, r3, r4, ...'],
])('counts are printed, and unaccounted %j as %s', async (unaccounted, shown) => {
  const summary = { accepted: 7, settled: 4, inFlight: 3, rejected: 5, ...(unaccounted === undefined ? {} : { unaccounted }) };
  const line = await askOf((request, response) => {
    const isAsked = request.headers['x-sendoff-internal'] === 'token for status-logger';
    response.writeHead(isAsked && request.url === '/internal/ledger/summary' ? 200 : 403).end(JSON.stringify(summary));
  });
  expect(line).toBe(`ledger: accepted 7 = settled 4 + in flight 3; rejected 5; unaccounted ${shown}`);
});

it('a status-logger that refuses, says no JSON or does not answer makes the ledger unknown', async () => {
  expect(await askOf((_, response) => response.writeHead(503).end())).toMatch(/^ledger: unknown, because .* status 503$/);
  expect(await askOf((_, response) => response.end('<html>'))).toMatch(/^ledger: unknown, because /);
  expect(await askOf(() => undefined, 50)).toMatch(/^ledger: unknown, because .* no answer in 0.05 s: .*aborted/);
});
