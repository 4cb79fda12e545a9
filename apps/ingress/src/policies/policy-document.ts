import {
  bucketNameRule,
  defaultBackoff,
  type Destinations,
  type EpochMs,
  limits,
  formatFunctionUrn,
  type PolicyDocument,
  readFunctionUrn,
  type Target,
  type UrnDefaults,
} from '#contracts';
import { ApiError, functionNotFound, urnOfAnotherProject } from '../http/api-error.ts';
import { rfc3339 } from '../http/instants.ts';
import { placeNames } from '../names/place-names.ts';
import type { DestinationDto, PolicyDto } from './policy.dto.ts';

/** What a policy is where its body says nothing. @see FunctionGraph API, asynchronous configuration */
const defaults = { retriesMax: 1, eventAgeSeconds: 3_600 } as const;

const topicUrnPattern = /^urn:smn:[A-Za-z0-9-]{1,64}:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{1,255}$/;

function bad(side: string, field: string, rule: string): ApiError {
  return new ApiError('FSS.0400', `destination_config.${side}.${field} ${rule}`);
}

function paramOf(side: string, text: string | undefined): Record<string, unknown> {
  try {
    const param = JSON.parse(text ?? '') as unknown;
    if (typeof param === 'object' && param !== null && !Array.isArray(param)) return param as Record<string, unknown>;
  } catch {
    // Falls through to the one answer for both.
  }
  throw bad(side, 'param', 'must be a JSON object in a string');
}

function textOf(
  side: string,
  param: Record<string, unknown>,
  name: string,
  isValid: (text: string) => boolean,
  rule: string,
): string {
  const value = param[name];
  if (typeof value !== 'string' || !isValid(value)) throw bad(side, `param.${name}`, rule);
  return value;
}

function onlyKnown(side: string, param: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(param).find((name) => !known.includes(name));
  if (unknown !== undefined) throw bad(side, `param.${unknown}`, 'is not known');
}

const prefixRule =
  `must be at most ${limits.objectPrefixBytesMax} bytes of UTF-8, each part at most ${limits.objectPrefixPartBytesMax}, ` +
  'without . or .. as a part';

/** Does a prefix stay in its bucket, and can every store keep it? */
function isPrefix(text: string): boolean {
  return (
    text.isWellFormed() &&
    Buffer.byteLength(text) <= limits.objectPrefixBytesMax &&
    !/[\\\p{Cc}]/u.test(text) &&
    text.split('/').every((part) => part !== '.' && part !== '..' && Buffer.byteLength(part) <= limits.objectPrefixPartBytesMax)
  );
}

function expiresDaysOf(side: string, param: Record<string, unknown>): number {
  const value = param['expires'] ?? 0;
  const days = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 0 || days > limits.expiresDaysMax)
    throw bad(side, 'param.expires', `must be a whole number of days from 0 to ${limits.expiresDaysMax}`);
  return days;
}

/** @returns eight fields. @throws ApiError FSS.0400, FSS.0403, FSS.1051. */
function functionUrnOf(side: string, text: unknown, home: UrnDefaults): string {
  const reading = typeof text === 'string' ? readFunctionUrn(text, home) : ({ kind: 'malformed' } as const);
  switch (reading.kind) {
    case 'ours':
      return formatFunctionUrn(reading.urn);
    case 'malformed':
      throw bad(side, 'param.func_urn', 'must be a function URN');
    case 'of-another-project':
      throw urnOfAnotherProject(String(text), `destination_config.${side}.param.func_urn`);
    case 'of-another-region':
      throw functionNotFound(String(text));
    default:
      return reading satisfies never;
  }
}

/**
 * One side of a policy.
 * @returns undefined where the side is not wanted: absent, or an empty `destination`.
 * @throws ApiError FSS.0400 naming the field; FSS.0403, FSS.1051 for a function of another project or region.
 */
function targetOf(side: string, dto: DestinationDto | undefined, urnDefaults: UrnDefaults): Target | undefined {
  if (dto?.destination === undefined || dto.destination === '') return undefined;
  const param = () => paramOf(side, dto.param);
  switch (dto.destination) {
    case 'OBS': {
      const given = param();
      onlyKnown(side, given, ['bucket', 'prefix', 'expires']);
      const prefix = given['prefix'] === undefined ? '' : textOf(side, given, 'prefix', isPrefix, prefixRule);
      const bucket = textOf(side, given, 'bucket', (text) => placeNames.buckets.test(text), bucketNameRule);
      return { type: 'OBS', bucket, prefix, expiresDays: expiresDaysOf(side, given) };
    }
    case 'DIS': {
      const given = param();
      onlyKnown(side, given, ['stream_name', 'stream_id']);
      return {
        type: 'DIS',
        streamName: textOf(
          side,
          given,
          'stream_name',
          (text) => placeNames.streams.test(text),
          'must be 1..64 letters, digits, - or _',
        ),
      };
    }
    case 'SMN': {
      const given = param();
      onlyKnown(side, given, ['topic_urn']);
      return {
        type: 'SMN',
        topicUrn: textOf(
          side,
          given,
          'topic_urn',
          (text) => topicUrnPattern.test(text),
          'must be urn:smn:<region>:<project>:<topic>',
        ),
      };
    }
    case 'FunctionGraph': {
      const given = param();
      onlyKnown(side, given, ['func_urn']);
      return { type: 'FunctionGraph', functionUrn: functionUrnOf(side, given['func_urn'], urnDefaults) };
    }
    default:
      throw bad(side, 'destination', 'must be OBS, DIS, SMN or FunctionGraph');
  }
}

function destinationsOf({ destination_config: config }: PolicyDto, urnDefaults: UrnDefaults): Destinations {
  const onSuccess = targetOf('on_success', config?.on_success, urnDefaults);
  const onFailure = targetOf('on_failure', config?.on_failure, urnDefaults);
  return { ...(onSuccess === undefined ? {} : { onSuccess }), ...(onFailure === undefined ? {} : { onFailure }) };
}

/**
 * The policy a body asks for. It replaces the one before as a whole; only the time of creation stays.
 * @throws ApiError FSS.0400 naming the field.
 */
export function policyOf(
  dto: PolicyDto,
  functionUrn: string,
  before: PolicyDocument | undefined,
  urnDefaults: UrnDefaults,
  now: EpochMs,
): PolicyDocument {
  const baseMs =
    dto.retry_wait_base_in_seconds === undefined ? defaultBackoff.baseMs : Math.round(dto.retry_wait_base_in_seconds * 1_000);
  const maxMs =
    dto.retry_wait_max_in_seconds === undefined
      ? Math.max(baseMs, defaultBackoff.maxMs)
      : Math.round(dto.retry_wait_max_in_seconds * 1_000);
  if (maxMs < baseMs) throw new ApiError('FSS.0400', 'retry_wait_max_in_seconds must be at least retry_wait_base_in_seconds');
  const { log_group_id: groupId, log_stream_id: streamId, log_group_name: groupName, log_stream_name: streamName } = dto;
  const logGroup = Object.fromEntries(
    Object.entries({ groupId, streamId, groupName, streamName }).filter(([, value]) => value !== undefined && value !== ''),
  );
  return {
    kind: 'policy',
    functionUrn,
    eventAgeMaxMs: (dto.max_async_event_age_in_seconds ?? defaults.eventAgeSeconds) * 1_000,
    retriesMax: dto.max_async_retry_attempts ?? defaults.retriesMax,
    backoff: { baseMs, maxMs },
    destinations: destinationsOf(dto, urnDefaults),
    isStatusLogged: dto.enable_async_status_log ?? false,
    ...(Object.keys(logGroup).length === 0 ? {} : { logGroup }),
    createdAt: before?.createdAt ?? now,
    modifiedAt: now,
  };
}

function destinationAnswer(target: Target): { readonly destination: string; readonly param: string } {
  switch (target.type) {
    case 'OBS':
      return {
        destination: 'OBS',
        param: JSON.stringify({ bucket: target.bucket, prefix: target.prefix, expires: target.expiresDays }),
      };
    case 'DIS':
      return { destination: 'DIS', param: JSON.stringify({ stream_name: target.streamName }) };
    case 'SMN':
      return { destination: 'SMN', param: JSON.stringify({ topic_urn: target.topicUrn }) };
    case 'FunctionGraph':
      return { destination: 'FunctionGraph', param: JSON.stringify({ func_urn: target.functionUrn }) };
    default:
      return target satisfies never;
  }
}

/** A policy as the API shows it. */
export function policyAnswer(policy: PolicyDocument): Record<string, unknown> {
  const { onSuccess, onFailure } = policy.destinations;
  const { groupId, streamId, groupName, streamName } = policy.logGroup ?? {};
  return {
    func_urn: policy.functionUrn,
    max_async_event_age_in_seconds: policy.eventAgeMaxMs / 1_000,
    max_async_retry_attempts: policy.retriesMax,
    destination_config: {
      ...(onSuccess === undefined ? {} : { on_success: destinationAnswer(onSuccess) }),
      ...(onFailure === undefined ? {} : { on_failure: destinationAnswer(onFailure) }),
    },
    created_time: rfc3339(policy.createdAt),
    last_modified: rfc3339(policy.modifiedAt),
    enable_async_status_log: policy.isStatusLogged,
    ...(groupId === undefined ? {} : { log_group_id: groupId }),
    ...(streamId === undefined ? {} : { log_stream_id: streamId }),
    ...(groupName === undefined ? {} : { log_group_name: groupName }),
    ...(streamName === undefined ? {} : { log_stream_name: streamName }),
    retry_wait_base_in_seconds: policy.backoff.baseMs / 1_000,
    retry_wait_max_in_seconds: policy.backoff.maxMs / 1_000,
  };
}
