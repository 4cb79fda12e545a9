import { createHash, randomUUID } from 'node:crypto';
import { type EpochMs, type FunctionCode, type FunctionDocument, limits, utcText } from '#contracts';
import { ApiError } from './api-error.ts';
import type { CreateFunctionDto, FunctionCodeDto, FunctionConfigDto } from './function.dto.ts';

/** Instances where a function says nothing. */
const instancesMaxDefault = 400;
const userDataEntriesMax = 20;
const userDataBytesMax = 4_096;
const handlerPattern = /^[A-Za-z0-9_-]+\.[A-Za-z_$][A-Za-z0-9_$]*$/;

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

/** Is it a runtime that runs here? */
function isNodeRuntime(runtime: string): boolean {
  return /^Node\.js\d+\.\d+$/.test(runtime);
}

/** @throws ApiError FSS.1009, FSS.1017, FSS.1018. */
function userDataOf(text: string | undefined): Record<string, string> {
  if (text === undefined || text === '') return {};
  if (Buffer.byteLength(text) > userDataBytesMax) throw new ApiError('FSS.1018', `user_data may have ${userDataBytesMax} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ApiError('FSS.1009', 'user_data must be JSON in a string');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ApiError('FSS.1009', 'user_data must be a JSON object of names and values');
  const entries = Object.entries(parsed).map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  if (entries.length > userDataEntriesMax) throw new ApiError('FSS.1017', `user_data may have ${userDataEntriesMax} entries`);
  return Object.fromEntries(entries);
}

/**
 * The code a body brings.
 * @throws ApiError FSS.1006, FSS.1012, FSS.1072.
 */
export function codeOf(
  runtime: string,
  { code_type: type, code_url: url, func_code: code }: Pick<FunctionCodeDto, 'code_type' | 'code_url' | 'func_code'>,
): FunctionCode {
  if (runtime === 'http') {
    if (url === undefined || !isHttpUrl(url))
      throw new ApiError('FSS.1012', 'code_url must be an http or https URL for runtime http');
    return { kind: 'url', url };
  }
  if (type !== 'inline') throw new ApiError('FSS.1006', `code_type ${type} cannot be run here; use inline`);
  const source = Buffer.from(code?.file ?? '', 'base64');
  if (source.length === 0) throw new ApiError('FSS.1012', 'func_code.file must be the source in Base64');
  if (source.length > limits.inlineCodeBytesMax)
    throw new ApiError('FSS.1072', `inline code may have ${limits.inlineCodeBytesMax} bytes`);
  return { kind: 'inline', source: source.toString('utf8'), digest: createHash('sha512').update(source).digest('hex') };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** What a configuration body says of a function. @throws ApiError naming the field. */
export function configuredBy(
  dto: FunctionConfigDto,
): Pick<
  FunctionDocument,
  | 'runtime'
  | 'handler'
  | 'timeoutMs'
  | 'memoryMb'
  | 'isMemoryDynamic'
  | 'userData'
  | 'description'
  | 'instancesMax'
  | 'concurrencyPerInstance'
  | 'kept'
> &
  Partial<Pick<FunctionDocument, 'initializer' | 'agency' | 'appAgency'>> {
  if (dto.runtime !== 'http' && !isNodeRuntime(dto.runtime))
    throw new ApiError('FSS.1005', `runtime ${dto.runtime} cannot be run here; use Node.js<version> or http`);
  if (isNodeRuntime(dto.runtime) && !handlerPattern.test(dto.handler))
    throw new ApiError('FSS.1003', 'handler must be file.export, e.g. index.handler');
  const { initializer_handler: initializer } = dto;
  if (initializer !== undefined && initializer !== '' && !handlerPattern.test(initializer))
    throw new ApiError('FSS.1003', 'initializer_handler must be file.export');
  const body = dto as unknown as Record<string, unknown>;
  return {
    runtime: dto.runtime,
    handler: dto.handler,
    ...(initializer === undefined || initializer === ''
      ? {}
      : { initializer: { handler: initializer, timeoutMs: (dto.initializer_timeout ?? 30) * 1_000 } }),
    timeoutMs: dto.timeout * 1_000,
    memoryMb: dto.memory_size,
    isMemoryDynamic: dto.enable_dynamic_memory === true,
    userData: userDataOf(dto.user_data),
    ...(dto.xrole === undefined || dto.xrole === '' ? {} : { agency: dto.xrole }),
    ...(dto.app_xrole === undefined || dto.app_xrole === '' ? {} : { appAgency: dto.app_xrole }),
    description: dto.description ?? '',
    instancesMax: dto.strategy_config?.concurrency ?? instancesMaxDefault,
    concurrencyPerInstance: dto.strategy_config?.concurrent_num ?? 1,
    kept: Object.fromEntries(keptFields.filter((field) => body[field] !== undefined).map((field) => [field, body[field]])),
  };
}

/** The document of a new function. @throws ApiError naming the field. */
export function newFunction(dto: CreateFunctionDto, bareUrn: string, project: string, now: EpochMs): FunctionDocument {
  return {
    kind: 'function',
    urn: bareUrn,
    id: randomUUID(),
    project,
    package: dto.package,
    name: dto.func_name,
    codeType: dto.code_type,
    code: codeOf(dto.runtime, dto),
    ...configuredBy(dto),
    createdAt: now,
    modifiedAt: now,
  };
}

/** `YYYY-MM-DDTHH:mm:ss+00:00`. */
export function rfc3339(at: EpochMs): string {
  return `${utcText(at).slice(0, 19)}+00:00`;
}

/** A function as the API shows it. @see FunctionGraph API, 6.2 of the function model */
export function functionAnswer(fn: FunctionDocument): Record<string, unknown> {
  const codeSize = fn.code.kind === 'inline' ? Buffer.byteLength(fn.code.source) : 0;
  return {
    ...fn.kept,
    func_id: fn.id,
    resource_id: `${fn.id}:${fn.name}`,
    func_urn: `${fn.urn}:latest`,
    func_name: fn.name,
    domain_id: fn.project,
    namespace: fn.project,
    project_name: fn.project,
    package: fn.package,
    runtime: fn.runtime,
    handler: fn.handler,
    timeout: fn.timeoutMs / 1_000,
    memory_size: fn.memoryMb,
    enable_dynamic_memory: fn.isMemoryDynamic === true,
    cpu: Math.round((fn.memoryMb / 128) * 100 + 200),
    code_type: fn.codeType,
    code_url: fn.code.kind === 'url' ? fn.code.url : '',
    code_size: codeSize,
    digest: fn.code.kind === 'inline' ? fn.code.digest : '',
    user_data: JSON.stringify(fn.userData),
    version: 'latest',
    image_name: `latest-${utcText(fn.modifiedAt).slice(2, 19).replaceAll(/\D/g, '')}@${fn.id.slice(0, 6)}`,
    xrole: fn.agency ?? '',
    app_xrole: fn.appAgency ?? '',
    description: fn.description,
    ...(fn.initializer === undefined
      ? {}
      : { initializer_handler: fn.initializer.handler, initializer_timeout: fn.initializer.timeoutMs / 1_000 }),
    strategy_config: { concurrency: fn.instancesMax, concurrent_num: fn.concurrencyPerInstance },
    reserved_instance_count: 0,
    long_time: fn.timeoutMs > 900_000,
    ephemeral_storage: fn.kept['ephemeral_storage'] ?? 512,
    last_modified: rfc3339(fn.modifiedAt),
  };
}
