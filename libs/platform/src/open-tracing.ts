import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import { Counter, type Registry as Metrics } from 'prom-client';
import { processTimer } from './basics/clock.ts';
import type { Logger } from './logger.ts';
import type { TracingSettings } from './tracing-settings.ts';
import { type Tracing, tracingBy, untraced } from './tracing.ts';

/** Log and metrics that {@link openTracing} reports to. */
export interface TracingReports {
  /** The name of the service, without a prefix. */
  readonly service: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Longest wait for the last spans when a service stops, in milliseconds. */
const closeTimeoutMs = 2_000;
/** Most spans in one request. */
const batchSpansMax = 512;

/** True if spans are exported. */
function isTracing({ isTracingDisabled, tracesExporter, otlpEndpoint, otlpTracesEndpoint }: TracingSettings): boolean {
  const usual = otlpEndpoint === undefined && otlpTracesEndpoint === undefined ? 'none' : 'otlp';
  return !isTracingDisabled && (tracesExporter ?? usual) === 'otlp';
}

/**
 * Opens the export of spans, if the settings ask for it. The packages that export are loaded only
 * then. The exporter itself reads its endpoint, headers and certificates from the environment.
 */
export async function openTracing(settings: TracingSettings, reports: TracingReports): Promise<Tracing> {
  if (!isTracing(settings)) return untraced;
  const [sdk, { OTLPTraceExporter }, { detectResources, envDetector, resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
  ]);
  const named = resourceFromAttributes({ 'service.name': `sendoff-${reports.service}`, 'service.namespace': 'sendoff' });
  const { spanQueueMax } = settings;
  const provider = new sdk.TracerProvider({
    resource: named.merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerOf(sdk, settings),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: reported(
          withWarnings(reports.logger, () => new OTLPTraceExporter()),
          reports,
        ),
        scheduledDelayMillis: settings.spanExportDelayMs,
        maxQueueSize: spanQueueMax,
        maxExportBatchSize: Math.min(batchSpansMax, spanQueueMax),
      }),
    ],
  });
  const close = async () => Promise.race([provider.shutdown().catch(() => undefined), waited(closeTimeoutMs)]);
  return tracingBy(provider.getTracer('sendoff'), close);
}

/**
 * Logs warnings about settings, such as a certificate that cannot be read. Later ones repeat with
 * each batch, and the reports of {@link reported} say the same.
 */
function withWarnings<Made>(logger: Logger, make: () => Made): Made {
  const warn = (problem: string) =>
    logger.warn({ problem: problem.slice(0, 500) }, 'a setting of the export of spans is not usable');
  const ignore = () => undefined;
  const warnings = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(warnings, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  try {
    return make();
  } finally {
    diag.disable();
  }
}

async function waited(ms: number): Promise<void> {
  return new Promise((resolve) => void processTimer(ms, resolve));
}

/**
 * Counts exported and lost spans. Logs the first of a row of failures, and the success after it: a
 * receiver that is away costs spans, and nothing else.
 */
function reported(exporter: SpanExporter, { logger, metrics }: TracingReports): SpanExporter {
  const spans = new Counter({
    name: 'sendoff_exported_spans_total',
    help: 'Spans that were sent to the receiver of traces, by result: exported, or failed.',
    labelNames: ['result'],
    registers: [metrics],
  });
  let isAway = false;
  return {
    export(batch, done) {
      exporter.export(batch, (result) => {
        const hasFailed = result.error !== undefined || result.code !== 0;
        spans.inc({ result: hasFailed ? 'failed' : 'exported' }, batch.length);
        if (hasFailed && !isAway)
          logger.warn(
            { problem: (result.error?.message ?? 'no answer').slice(0, 500) },
            'spans cannot be exported and are lost; check OTEL_EXPORTER_OTLP_ENDPOINT and its receiver',
          );
        if (!hasFailed && isAway) logger.info('spans are exported again');
        isAway = hasFailed;
        done(result);
      });
    },
    shutdown: async () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: async () => exporter.forceFlush?.() }),
  };
}

type Sdk = typeof import('@opentelemetry/sdk-trace');

function samplerOf(sdk: Sdk, { tracesSampler, tracesSamplerShare }: TracingSettings): Sampler {
  const root = rootSamplerOf(sdk, tracesSampler.replace('parentbased_', ''), tracesSamplerShare);
  return tracesSampler.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root }) : root;
}

function rootSamplerOf(sdk: Sdk, name: string, share: number): Sampler {
  if (name === 'traceidratio') return new sdk.TraceIdRatioBasedSampler(share);
  return name === 'always_off' ? new sdk.AlwaysOffSampler() : new sdk.AlwaysOnSampler();
}
