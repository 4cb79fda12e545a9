import { ApiError } from '../http/api-error.ts';

/** The pass-through fields that a code update may have. */
export const passThroughCodeFields = ['code_filename', 'code_encrypt_kms_key_id', 'depend_version_list', 'depend_list'] as const;

/**
 * Fields that the platform stores and returns, and otherwise ignores. Official clients send them
 * and expect them back.
 */
export const passThroughFields: readonly string[] = [
  ...passThroughCodeFields,
  'concurrency_mode',
  'custom_image',
  'domain_names',
  'enable_auth_in_header',
  'enable_class_isolation',
  'enable_lts_log',
  'enterprise_project_id',
  'ephemeral_storage',
  'extend_config',
  'func_vpc',
  'gpu_memory',
  'gpu_type',
  'heartbeat_handler',
  'is_stateful_function',
  'log_config',
  'lts_custom_tag',
  'mount_config',
  'network_controller',
  'peering_cidr',
  'pre_stop_handler',
  'pre_stop_timeout',
  'restore_hook_handler',
  'restore_hook_timeout',
  'tags',
  'type',
  'user_data_encrypt_kms_key_id',
];

/**
 * Limit for the JSON of all pass-through fields of a function. They share one record of the
 * registry with its code and user data.
 */
const passThroughBytesMax = 16 * 1024;

type PassThrough = Readonly<Record<string, unknown>>;

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * Merges the pass-through fields of a body into those of a function. Fields that the body does not
 * have stay.
 * @param fields the fields to take from the body. Default: all pass-through fields.
 * @throws ApiError FSS.0400 naming the largest field if all together exceed 16 KB. A function that
 *   already exceeds the limit may be updated if it does not grow.
 */
export function mergePassThrough(before: PassThrough, body: object, fields: readonly string[] = passThroughFields): PassThrough {
  const given = body as PassThrough;
  const changes = fields.filter((field) => given[field] !== undefined).map((field) => [field, given[field]] as const);
  const merged = { ...before, ...Object.fromEntries(changes) };
  const [largest] = Object.entries(merged).toSorted(([, a], [, b]) => bytesOf(b) - bytesOf(a));
  if (largest !== undefined && bytesOf(merged) > Math.max(passThroughBytesMax, bytesOf(before)))
    throw new ApiError(
      'FSS.0400',
      `${largest[0]} is too large: fields that are only stored and shown may have ${passThroughBytesMax} bytes of JSON in all`,
    );
  return merged;
}

/** The fields of `log_config`. */
export const logSettings = ['group_name', 'group_id', 'stream_id', 'stream_name'] as const;

/** Returns the fields of `log_config` that are text. */
export function logSettingsOf({
  log_config: config,
}: PassThrough): Readonly<Partial<Record<(typeof logSettings)[number], string>>> {
  const given = (config ?? {}) as PassThrough;
  const texts = logSettings.filter((name) => typeof given[name] === 'string').map((name) => [name, given[name]] as const);
  return Object.fromEntries(texts);
}

/** Returns log group and stream of a function, under the names by which clients look for them. */
export function logTargetAnswer(passThrough: PassThrough): { readonly log_group_id?: string; readonly log_stream_id?: string } {
  const { group_id: group, stream_id: stream } = logSettingsOf(passThrough);
  return {
    ...(group === undefined ? {} : { log_group_id: group }),
    ...(stream === undefined ? {} : { log_stream_id: stream }),
  };
}
