import { ApiError } from './api-error.ts';

/** Fields of the API that are kept and shown but change nothing here. */
const keptFields = [
  'func_vpc',
  'mount_config',
  'log_config',
  'custom_image',
  'enable_lts_log',
  'enterprise_project_id',
  'type',
  'network_controller',
  'depend_version_list',
  'depend_list',
  'tags',
  'pre_stop_handler',
  'pre_stop_timeout',
  'code_filename',
  'ephemeral_storage',
  'domain_names',
  'concurrency_mode',
  'peering_cidr',
  'extend_config',
  'gpu_type',
  'gpu_memory',
  'is_stateful_function',
  'heartbeat_handler',
  'restore_hook_handler',
  'restore_hook_timeout',
  'enable_auth_in_header',
  'enable_class_isolation',
  'lts_custom_tag',
  'user_data_encrypt_kms_key_id',
  'code_encrypt_kms_key_id',
] as const;

/** Those that a code body may speak of. */
const keptCodeFields = ['code_filename', 'depend_version_list', 'code_encrypt_kms_key_id'] as const;

/** Of JSON, of all of them together: a function is one record of the registry, beside its code and user data. */
const keptBytesMax = 16 * 1024;

type Kept = Readonly<Record<string, unknown>>;

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * What is kept of a function after a body; what the body does not speak of stays.
 * @throws ApiError FSS.0400 naming the largest field, where it is too much in all.
 */
export function keptAfter(before: Kept, body: object): Kept {
  return keptOf(keptFields, before, body as Kept);
}

/** {@link keptAfter}, for a code body. */
export function keptAfterCode(before: Kept, body: object): Kept {
  return keptOf(keptCodeFields, before, body as Kept);
}

function keptOf(fields: readonly (typeof keptFields)[number][], before: Kept, given: Kept): Kept {
  const said = fields.filter((field) => given[field] !== undefined).map((field) => [field, given[field]] as const);
  const kept = { ...before, ...Object.fromEntries(said) };
  const [largest] = Object.entries(kept).toSorted(([, a], [, b]) => bytesOf(b) - bytesOf(a));
  if (largest !== undefined && bytesOf(kept) > keptBytesMax)
    throw new ApiError(
      'FSS.0400',
      `${largest[0]} is too large: what is only kept and shown of a function may have ${keptBytesMax} bytes of JSON in all`,
    );
  return kept;
}
