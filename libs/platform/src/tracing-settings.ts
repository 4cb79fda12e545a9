import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsString, IsUrl, Max, MaxLength, Min } from 'class-validator';
import { Setting } from './load-config.ts';

/** Values of `OTEL_TRACES_SAMPLER`. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * The standard variables of OpenTelemetry that services obey. Without an exporter or an endpoint
 * nothing is traced.
 * @see OpenTelemetry, environment variable specification
 */
export class TracingSettings {
  @Setting({ env: 'OTEL_SDK_DISABLED', description: 'If true, nothing is traced, whatever the other variables say.' })
  @IsBoolean()
  isTracingDisabled: boolean = false;

  @Setting({
    env: 'OTEL_TRACES_EXPORTER',
    description: 'otlp or none. If unset, it is otlp if an endpoint is set, else none.',
  })
  @IsOptional()
  @IsIn(['otlp', 'none'])
  tracesExporter?: 'otlp' | 'none' | undefined;

  @Setting({
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    description: 'URL of an OTLP receiver. Spans go to its path `/v1/traces`, in protobuf over HTTP.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  otlpEndpoint?: string | undefined;

  @Setting({
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    description: 'URL that spans go to as it is. It goes before `OTEL_EXPORTER_OTLP_ENDPOINT`.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  otlpTracesEndpoint?: string | undefined;

  @Setting({
    env: 'OTEL_EXPORTER_OTLP_HEADERS',
    description: 'Headers for the receiver, as `name=value`, separated by commas.',
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  @MaxLength(8_192)
  otlpHeaders?: string | undefined;

  @Setting({ env: 'OTEL_EXPORTER_OTLP_PROTOCOL', description: 'Protocol of the receiver: http/protobuf, no other.' })
  @IsIn(['http/protobuf'])
  otlpProtocol: string = 'http/protobuf';

  @Setting({
    env: 'OTEL_EXPORTER_OTLP_CERTIFICATE',
    description: 'File with the certificates of authorities that the receiver is checked by.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(4_096)
  otlpCaFile?: string | undefined;

  @Setting({ env: 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', description: 'File with the certificate that the receiver asks for.' })
  @IsOptional()
  @IsString()
  @MaxLength(4_096)
  otlpCertificateFile?: string | undefined;

  @Setting({ env: 'OTEL_EXPORTER_OTLP_CLIENT_KEY', description: 'File with the key of that certificate.' })
  @IsOptional()
  @IsString()
  @MaxLength(4_096)
  otlpKeyFile?: string | undefined;

  @Setting({ env: 'OTEL_EXPORTER_OTLP_COMPRESSION', description: 'gzip or none.' })
  @IsOptional()
  @IsIn(['gzip', 'none'])
  otlpCompression?: string | undefined;

  @Setting({
    env: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    description: 'Longest time for one batch of spans, with its retries, in milliseconds.',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  otlpTimeoutMs: number = 10_000;

  @Setting({ env: 'OTEL_BSP_SCHEDULE_DELAY', description: 'Longest wait of a span for others of its batch, in milliseconds.' })
  @IsInt()
  @Min(10)
  @Max(60_000)
  spanExportDelayMs: number = 5_000;

  @Setting({ env: 'OTEL_BSP_MAX_QUEUE_SIZE', description: 'Spans that may wait for the receiver. Further ones are lost.' })
  @IsInt()
  @Min(1)
  @Max(100_000)
  spanQueueMax: number = 2_048;

  @Setting({ env: 'OTEL_SERVICE_NAME', description: 'Name of the service in spans. If unset, `sendoff-` and the service.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  traceServiceName?: string | undefined;

  @Setting({ env: 'OTEL_RESOURCE_ATTRIBUTES', description: 'Further attributes of the service in spans, as `name=value`.' })
  @IsOptional()
  @IsString()
  @MaxLength(8_192)
  traceResourceAttributes?: string | undefined;

  @Setting({ env: 'OTEL_TRACES_SAMPLER', description: `Which invocations are traced: ${samplerNames.join(', ')}.` })
  @IsIn(samplerNames)
  tracesSampler: (typeof samplerNames)[number] = 'parentbased_always_on';

  @Setting({ env: 'OTEL_TRACES_SAMPLER_ARG', description: 'The share of traceidratio and parentbased_traceidratio.' })
  @IsNumber()
  @Min(0)
  @Max(1)
  tracesSamplerShare: number = 1;
}
