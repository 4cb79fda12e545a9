import { IsArray, IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, MinLength } from 'class-validator';
import { PayloadStoreSettings } from '#objects';
import {
  FunctionNetworkSettings,
  IsolationSettings,
  PlatformKeySettings,
  PublicKeySettings,
  RegionSettings,
  ServiceConfig,
  Setting,
  SigningKeySettings,
  WebhookSettings,
  withSettings,
} from '#platform';
import { storedPayloadsHoursMin } from './invocations/large-payloads.ts';

/** The environment of the ingress. */
export class IngressConfig extends withSettings(
  ServiceConfig,
  RegionSettings,
  IsolationSettings,
  PlatformKeySettings,
  SigningKeySettings,
  PublicKeySettings,
  PayloadStoreSettings,
  WebhookSettings,
  FunctionNetworkSettings,
) {
  @Setting({ env: 'SENDOFF_PROJECT_ID', description: 'Project of the first credentials.' })
  @Matches(/^[A-Za-z0-9_-]{1,64}$/)
  projectId!: string;

  @Setting({ env: 'SENDOFF_TOKEN', description: 'First token, sent as X-Auth-Token.', isSecret: true })
  @MinLength(4)
  token!: string;

  @Setting({
    env: 'SENDOFF_ACCESS_KEY',
    description: 'First access key, for signed requests; it has all rights.',
    isSecret: true,
  })
  @IsOptional()
  @Matches(/^[^\s,/]{4,128}$/, { message: 'SENDOFF_ACCESS_KEY must be 4..128 characters without blanks, commas and slashes' })
  accessKey?: string;

  @Setting({ env: 'SENDOFF_SECRET_KEY', description: 'Secret of the first access key.', isSecret: true })
  @IsOptional()
  @MinLength(4)
  secretKey?: string;

  @Setting({ env: 'STATUS_LOGGER_URL', description: 'URL of the status-logger.' })
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  statusLoggerUrl!: string;

  @Setting({
    env: 'EXECUTOR_URL',
    description:
      'URLs of the executors, separated by commas. If unset, the ingress finds them by the members of their consumer group.',
  })
  @IsArray()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] }, { each: true })
  executorUrls: string[] = [];

  @Setting({
    env: 'SENDOFF_AGENCIES_FILE',
    description: 'JSON file with agencies that are created at the start if the registry has none of that name.',
  })
  @IsOptional()
  @IsString()
  agenciesFile?: string;

  @Setting({
    env: 'INGRESS_EXPRESS_RATE_PER_SECOND',
    description:
      'Invocations of one function per second that take the express lane. A function with more takes the bulk lane until it has fewer. All ingresses share the rate equally.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  expressRatePerSecond: number = 1_000;

  @Setting({
    env: 'INGRESS_INTAKE_RECORDS_MAX',
    description: 'Records of the intake topic that are accepted at once. HTTP callers are served before them.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  intakeRecordsMax: number = 256;

  @Setting({
    env: 'INGRESS_ACCEPT_TIMEOUT_MS',
    description: 'Longest wait for the brokers before an invocation is answered with 503, in milliseconds.',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  acceptTimeoutMs: number = 5_000;

  @Setting({
    env: 'INGRESS_IDEMPOTENCY_KEYS_MAX',
    description:
      'Idempotency keys in memory, each for a day. Beyond the bound the oldest of the function with most keys is evicted. A million take 400 MB.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000_000)
  idempotencyKeysMax: number = 200_000;

  @Setting({
    env: 'INGRESS_SYNC_WAIT_MS',
    description: 'Longest wait for the answer of a synchronous invocation before it is answered with 504, in milliseconds.',
  })
  @IsInt()
  @Min(100)
  @Max(900_000)
  syncWaitMs: number = 90_000;

  @Setting({
    env: 'INGRESS_SYNC_CALLS_MAX',
    description:
      'Synchronous invocations at once; each may hold 12 MB. More are answered with 429. ' +
      'One access key, and one function, gets three quarters at most.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  syncCallsMax: number = 100;

  @Setting({
    env: 'INGRESS_REQUEST_TIMEOUT_MS',
    description:
      'Longest time for the head of a request to arrive, in milliseconds. The body has the same time, and 1 s more for each 128 KiB of it.',
  })
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  requestTimeoutMs: number = 30_000;

  @Setting({
    env: 'INGRESS_SILENCE_TIMEOUT_MS',
    description:
      'Longest time without traffic on a connection, in milliseconds, for example if a client reads no answer. ' +
      'For synchronous invocations it is INGRESS_SYNC_WAIT_MS and 10 s.',
  })
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  silenceTimeoutMs: number = 60_000;

  @Setting({
    env: 'INGRESS_CONNECTIONS_MAX',
    description: 'Open HTTP connections. More are closed at once.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  connectionsMax: number = 10_000;

  @Setting({
    env: 'INGRESS_BODY_BYTES_MAX',
    description:
      'Bytes of request bodies in memory. Known callers, and signed requests that are not verified yet, have a budget of ' +
      'this size each. More of known callers are answered with 429. Of the others the slowest body gives way.',
  })
  @IsInt()
  @Min(1)
  @Max(1_099_511_627_776)
  bodyBytesMax: number = 268_435_456;

  @Setting({
    env: 'INGRESS_STORED_PAYLOADS_BYTES_MAX',
    description: 'Bytes of all stored payloads, above which uploads are answered with 503.',
  })
  @IsInt()
  @Min(1)
  @Max(1_099_511_627_776)
  storedPayloadsBytesMax: number = 10_737_418_240;

  @Setting({
    env: 'INGRESS_STORED_PAYLOADS_HOURS',
    description:
      'Hours from the upload of a payload, or from its return by a function, until it is removed. Records should not be kept longer.',
  })
  @IsInt()
  @Min(storedPayloadsHoursMin)
  @Max(8_760)
  storedPayloadsHours: number = 240;

  @Setting({
    env: 'INGRESS_FUNCTIONS_MAX',
    description: 'Functions a project may have; one more is answered with 403. FunctionGraph allows 400.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  functionsMax: number = 400;

  @Setting({
    env: 'INGRESS_CODE_BYTES_MAX',
    description:
      'Bytes of the ZIPs of all functions and versions; identical ZIPs count once. More is answered with 413. FunctionGraph allows 10 GB.',
  })
  @IsInt()
  @Min(1)
  @Max(1_099_511_627_776)
  codeBytesMax: number = 10_737_418_240;

  @Setting({
    env: 'SUBSCRIPTIONS_CONFIRMED_BY',
    description:
      'The party that confirms the subscription of a webhook. `caller`: it is confirmed when a caller adds it. `endpoint`: the endpoint gets a link that is valid for 48 hours.',
  })
  @IsIn(['caller', 'endpoint'])
  confirmedBy: 'caller' | 'endpoint' = 'caller';

  /** Checks relations between the settings. */
  faults(): string[] {
    const faults: string[] = [];
    if (this.confirmedBy === 'endpoint' && this.publicUrl === undefined)
      faults.push('SENDOFF_PUBLIC_URL: required with SUBSCRIPTIONS_CONFIRMED_BY=endpoint');
    if ((this.accessKey === undefined) !== (this.secretKey === undefined))
      faults.push('SENDOFF_ACCESS_KEY, SENDOFF_SECRET_KEY: set both or none');
    return faults;
  }
}
