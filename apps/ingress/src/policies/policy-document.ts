import {
  type Destinations,
  destinationTypes,
  type EpochMs,
  type PolicyDocument,
  retryPolicy,
  type Target,
  type UrnDefaults,
} from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { rfc3339 } from '../http/instants.ts';
import type { DestinationDto, PolicyDto } from './policy.dto.ts';
import { targetAnswer, targetKinds } from './target-kinds.ts';
import { TargetParam } from './target-param.ts';

const { backoff: defaultBackoff, byDefault } = retryPolicy;

/**
 * Reads one side of a policy.
 * @returns undefined if the side is missing, or its `destination` is empty.
 * @throws ApiError FSS.0400, which names the field; FSS.0403 or FSS.1051 for a function of another
 *   project or region.
 */
function targetOf(side: string, dto: DestinationDto | undefined, urnDefaults: UrnDefaults): Target | undefined {
  if (dto?.destination === undefined || dto.destination === '') return undefined;
  const type = destinationTypes.find((known) => known === dto.destination);
  if (type === undefined)
    throw new ApiError('FSS.0400', `destination_config.${side}.destination must be ${oneOf(destinationTypes)}`);
  return targetKinds[type].read(new TargetParam(side, dto.param), urnDefaults);
}

/** `A, B or C`. */
function oneOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function destinationsOf({ destination_config: config }: PolicyDto, urnDefaults: UrnDefaults): Destinations {
  const onSuccess = targetOf('on_success', config?.on_success, urnDefaults);
  const onFailure = targetOf('on_failure', config?.on_failure, urnDefaults);
  return { ...(onSuccess === undefined ? {} : { onSuccess }), ...(onFailure === undefined ? {} : { onFailure }) };
}

/**
 * The policy that a body asks for. It replaces the policy before as a whole, except for its time of
 * creation.
 * @throws ApiError FSS.0400, which names the field.
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
    eventAgeMaxMs: (dto.max_async_event_age_in_seconds ?? byDefault.eventAgeSeconds) * 1_000,
    retriesMax: dto.max_async_retry_attempts ?? byDefault.retriesMax,
    backoff: { baseMs, maxMs },
    destinations: destinationsOf(dto, urnDefaults),
    isStatusLogged: dto.enable_async_status_log ?? false,
    ...(Object.keys(logGroup).length === 0 ? {} : { logGroup }),
    createdAt: before?.createdAt ?? now,
    modifiedAt: now,
  };
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
      ...(onSuccess === undefined ? {} : { on_success: targetAnswer(onSuccess) }),
      ...(onFailure === undefined ? {} : { on_failure: targetAnswer(onFailure) }),
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
