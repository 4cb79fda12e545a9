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
] as const;

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
  const given = body as Kept;
  const said = keptFields.filter((field) => given[field] !== undefined).map((field) => [field, given[field]] as const);
  const kept = { ...before, ...Object.fromEntries(said) };
  const [largest] = Object.entries(kept).toSorted(([, a], [, b]) => bytesOf(b) - bytesOf(a));
  if (largest !== undefined && bytesOf(kept) > keptBytesMax)
    throw new ApiError(
      'FSS.0400',
      `${largest[0]} is too large: what is only kept and shown of a function may have ${keptBytesMax} bytes of JSON in all`,
    );
  return kept;
}
