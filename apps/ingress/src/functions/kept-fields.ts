import { ApiError } from '../http/api-error.ts';

/** What code is sent with, and kept and shown, but changes nothing here. */
export const keptCodeFields = ['code_filename', 'code_encrypt_kms_key_id', 'depend_version_list', 'depend_list'] as const;

/** Fields of the API that are kept and shown but change nothing here: all that official clients send and expect to find again. */
export const keptFields: readonly string[] = [
  ...keptCodeFields,
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

/** Of JSON, of all of them together: a function is one record of the registry, beside its code and user data. */
const keptBytesMax = 16 * 1024;

type Kept = Readonly<Record<string, unknown>>;

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * What is kept of a function after a body; what the body does not speak of stays.
 * @param fields which of the fields of the body count. Default: all that are kept.
 * @throws ApiError FSS.0400 naming the largest field, where it is too much in all; what is too much already may stay, and become less.
 */
export function keptAfter(before: Kept, body: object, fields: readonly string[] = keptFields): Kept {
  const given = body as Kept;
  const said = fields.filter((field) => given[field] !== undefined).map((field) => [field, given[field]] as const);
  const kept = { ...before, ...Object.fromEntries(said) };
  const [largest] = Object.entries(kept).toSorted(([, a], [, b]) => bytesOf(b) - bytesOf(a));
  if (largest !== undefined && bytesOf(kept) > Math.max(keptBytesMax, bytesOf(before)))
    throw new ApiError(
      'FSS.0400',
      `${largest[0]} is too large: what is only kept and shown of a function may have ${keptBytesMax} bytes of JSON in all`,
    );
  return kept;
}

/** What `log_config` names. */
export const logSettings = ['group_name', 'group_id', 'stream_id', 'stream_name'] as const;

/** What was said in `log_config`, as far as it is text. */
export function logSettingsOf({ log_config: said }: Kept): Readonly<Partial<Record<(typeof logSettings)[number], string>>> {
  const given = (said ?? {}) as Kept;
  const texts = logSettings.filter((name) => typeof given[name] === 'string').map((name) => [name, given[name]] as const);
  return Object.fromEntries(texts);
}

/** Where the logs of a function go, under the names by which clients look for it. */
export function logTargetAnswer(kept: Kept): { readonly log_group_id?: string; readonly log_stream_id?: string } {
  const { group_id: group, stream_id: stream } = logSettingsOf(kept);
  return {
    ...(group === undefined ? {} : { log_group_id: group }),
    ...(stream === undefined ? {} : { log_stream_id: stream }),
  };
}
