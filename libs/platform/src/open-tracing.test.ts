/**
 * Goal: spans reach a receiver of OTLP, with the trace of their caller and their links. Method: a
 * real HTTP server takes the export, and its bytes are searched for ids.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { PlatformError } from '#contracts';
import { openTracing } from './open-tracing.ts';
import { TracingSettings } from './tracing-settings.ts';
import { untraced } from './tracing.ts';

const caller = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/**
 * A receiver of OTLP.
 * @param statusOf the status of the next answer; undefined for none.
 * @returns its URL, and what it received.
 */
async function receiver(statusOf: () => number | undefined = () => 200) {
  const received: { path: string | undefined; type: string | undefined; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ path: request.url, type: request.headers['content-type'], body: Buffer.concat(parts) });
      const status = statusOf();
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Opens tracing to a receiver, as a service does. */
async function tracingTo(url: string, settings: Partial<TracingSettings> = {}) {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '200');
  onTestFinished(() => void vi.unstubAllEnvs());
  const metrics = new Metrics();
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const given = Object.assign(new TracingSettings(), { otlpEndpoint: url, ...settings });
  return { tracing: await openTracing(given, { service: 'executor', logger, metrics }), metrics, lines };
}

const act = { name: 'attempt', kind: 'consumer', attributes: () => ({ 'sendoff.attempt': 1 }) } as const;

it('exports each act with the trace of its caller and a link to the act before', async () => {
  const { received, url } = await receiver();
  const { tracing } = await tracingTo(url);
  const before = '00-00000000000000000000000000000abc-0000000000000def-01';
  let own: string | undefined;
  await tracing.during(
    { ...act, traceparent: caller, after: before },
    async (traceparent) => void (own = traceparent),
    () => ({ fault: 'InvocationTimeout' }),
  );
  await tracing.close();
  expect(received.map(({ path, type }) => [path, type])).toEqual([['/v1/traces', 'application/x-protobuf']]);
  const body = received[0]?.body.toString('hex') ?? '';
  const ids = [caller, before, own ?? 'none'].flatMap((context) => context.split('-').slice(1, 3));
  expect(ids.filter((id) => !body.includes(id))).toEqual([]);
  expect(own?.slice(0, 35)).toBe(caller.slice(0, 35));
  const text = received[0]?.body.toString('latin1') ?? '';
  expect(['sendoff-executor', 'attempt', 'InvocationTimeout'].filter((one) => !text.includes(one))).toEqual([]);
});

it('ends the span of work that fails with the code of its error, and throws the error on', async () => {
  const { received, url } = await receiver();
  const { tracing } = await tracingTo(url);
  const failed = tracing.during(
    act,
    async () => Promise.reject(new PlatformError('BROKER_UNAVAILABLE')),
    () => ({}),
  );
  await expect(failed).rejects.toThrow(PlatformError);
  await tracing.close();
  expect(received[0]?.body.toString('latin1')).toContain('BROKER_UNAVAILABLE');
});

it('says once that the receiver is away, says that it is back, and counts the spans', async () => {
  let isAway = true;
  const { url } = await receiver(() => (isAway ? 400 : 200));
  const { tracing, lines, metrics } = await tracingTo(url, { spanExportDelayMs: 10, spanQueueMax: 1 });
  const counted = async () =>
    Object.fromEntries(
      (await metrics.getSingleMetric('sendoff_exported_spans_total')!.get()).values.map(({ labels, value }) => [
        labels['result'],
        value,
      ]),
    );
  for (let lost = 1; lost <= 2; lost++) {
    await tracing.during(
      act,
      async () => undefined,
      () => ({}),
    );
    await vi.waitFor(async () => expect(await counted()).toEqual({ failed: lost }));
  }
  isAway = false;
  await tracing.during(
    act,
    async () => undefined,
    () => ({}),
  );
  await vi.waitFor(async () => expect(await counted()).toEqual({ failed: 2, exported: 1 }));
  expect(lines).toEqual([expect.stringContaining('spans cannot be exported'), 'spans are exported again']);
  await tracing.close();
});

it('closes in 2 s although the receiver never answers', async () => {
  const { url } = await receiver(() => undefined);
  const { tracing } = await tracingTo(url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '60000');
  await tracing.during(
    act,
    async () => undefined,
    () => ({}),
  );
  const startedMs = performance.now();
  await tracing.close();
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});

it.each<[what: string, settings: Partial<TracingSettings>]>([
  ['no endpoint', {}],
  ['the exporter none', { tracesExporter: 'none', otlpEndpoint: 'http://127.0.0.1:1' }],
  ['OTEL_SDK_DISABLED', { isTracingDisabled: true, otlpEndpoint: 'http://127.0.0.1:1' }],
])('makes no spans with %s, and hands on the context of the caller', async (_what, settings) => {
  const reports = { service: 'executor', logger: pino({ level: 'silent' }), metrics: new Metrics() };
  const tracing = await openTracing(Object.assign(new TracingSettings(), settings), reports);
  expect(tracing).toBe(untraced);
  expect(
    await tracing.during(
      { ...act, traceparent: caller },
      async (traceparent) => traceparent,
      () => ({}),
    ),
  ).toBe(caller);
});
