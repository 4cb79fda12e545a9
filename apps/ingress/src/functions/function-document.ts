import { randomUUID } from 'node:crypto';
import {
  type EpochMs,
  type FunctionCode,
  type FunctionDocument,
  type RuntimeDescriptor,
  runtimeOf,
  runtimeWords,
  utcText,
} from '#contracts';
import type { Sealer } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { rfc3339 } from '../http/instants.ts';
import { codeAnswer } from './code/function-code.ts';
import type { CreateFunctionDto, FunctionConfigDto, FunctionSettingsDto } from './function.dto.ts';
import { tagList, tagsIn } from './function-tags.ts';
import { mergePassThrough, logTargetAnswer } from './pass-through-fields.ts';
import { blankUserData, sealedUserData, userDataOf } from './user-data.ts';

/** The maximum number of instances of a function whose body sets none. */
const instancesMaxDefault = 400;

/**
 * Returns the runtime with a name.
 * @throws ApiError FSS.1005 if no runtime has the name.
 */
export function knownRuntime(name: string): RuntimeDescriptor {
  const runtime = runtimeOf(name);
  if (runtime === undefined) throw new ApiError('FSS.1005', `runtime ${name} cannot be run here; use ${runtimeWords}`);
  return runtime;
}

/** Reads the agencies of a body. An empty text means that the function has none. */
export function agenciesIn({
  xrole = '',
  app_xrole: appXrole = '',
}: Pick<FunctionSettingsDto, 'xrole' | 'app_xrole'>): Pick<FunctionDocument, 'agency' | 'appAgency'> {
  return { ...(xrole === '' ? {} : { agency: xrole }), ...(appXrole === '' ? {} : { appAgency: appXrole }) };
}

/**
 * Reads the settings of a configuration body.
 * @throws ApiError naming the field.
 */
export function configuredBy(
  dto: FunctionSettingsDto,
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
> &
  Partial<Pick<FunctionDocument, 'initializer' | 'agency' | 'appAgency'>> {
  const runtime = knownRuntime(dto.runtime);
  const { initializer_handler: initializer = '' } = dto;
  if (runtime.code === 'files') {
    const { handlerPattern, handlerRule } = runtime;
    if (!handlerPattern.test(dto.handler)) throw new ApiError('FSS.1003', `handler must be ${handlerRule}`);
    if (initializer !== '' && !handlerPattern.test(initializer))
      throw new ApiError('FSS.1003', `initializer_handler must be ${handlerRule}`);
  }
  return {
    runtime: dto.runtime,
    handler: dto.handler,
    ...(initializer === '' ? {} : { initializer: { handler: initializer, timeoutMs: (dto.initializer_timeout ?? 30) * 1_000 } }),
    timeoutMs: dto.timeout * 1_000,
    memoryMb: dto.memory_size,
    isMemoryDynamic: dto.enable_dynamic_memory === true,
    userData: userDataOf('user_data', dto.user_data),
    ...agenciesIn(dto),
    description: dto.description ?? '',
    instancesMax: dto.strategy_config?.concurrency ?? instancesMaxDefault,
    concurrencyPerInstance: dto.strategy_config?.concurrent_num ?? 1,
  };
}

/**
 * Makes the document of a new function.
 * @throws ApiError naming the field.
 */
export function newFunction(
  dto: CreateFunctionDto,
  code: FunctionCode,
  { bareUrn, project, sealer, now }: { bareUrn: string; project: string; sealer: Sealer; now: EpochMs },
): FunctionDocument {
  return {
    kind: 'function',
    urn: bareUrn,
    id: randomUUID(),
    project,
    package: dto.package,
    name: dto.func_name,
    codeType: dto.code_type,
    code,
    ...configuredBy(dto),
    ...sealedUserData(dto.encrypted_user_data, undefined, bareUrn, sealer),
    ...passThroughAndTags({ kept: {} }, dto),
    createdAt: now,
    modifiedAt: now,
  };
}

/**
 * Applies a configuration body to a function. A setting that the body leaves out is removed, except
 * code, scaling, secrets and pass-through fields.
 * @throws ApiError naming the field.
 */
export function reconfigured(fn: FunctionDocument, dto: FunctionConfigDto, sealer: Sealer): FunctionDocument {
  if (knownRuntime(dto.runtime).kind !== runtimeOf(fn.runtime)?.kind)
    throw new ApiError('FSS.1005', `the runtime of a function cannot change from ${fn.runtime} to ${dto.runtime}`);
  if (dto.func_name !== undefined && dto.func_name !== fn.name)
    throw new ApiError('FSS.1002', `the name of a function cannot change; func_name is ${fn.name}`);
  const { agency: _agency, appAgency: _appAgency, initializer: _initializer, sealedUserData: before, ...rest } = fn;
  return {
    ...rest,
    ...configuredBy(dto),
    ...sealedUserData(dto.encrypted_user_data, before, fn.urn, sealer),
    instancesMax: dto.strategy_config?.concurrency ?? fn.instancesMax,
    concurrencyPerInstance: dto.strategy_config?.concurrent_num ?? fn.concurrencyPerInstance,
    ...passThroughAndTags(fn, dto),
  };
}

/**
 * Merges pass-through fields and tags. A list of tags becomes the tags of the function, which the
 * operations on tags change. `tags` in any other form is a pass-through field.
 */
function passThroughAndTags(
  { kept, tags }: Pick<FunctionDocument, 'kept' | 'tags'>,
  body: object,
): Pick<FunctionDocument, 'kept' | 'tags'> {
  const newTags = tagsIn(body);
  if (newTags === undefined) return { kept: mergePassThrough(kept, body), ...(tags === undefined ? {} : { tags }) };
  const { tags: _text, ...others } = kept;
  return { kept: mergePassThrough(others, { ...body, tags: undefined }), tags: newTags };
}

/** Shows the tags of a function. The answer for a published version has none. */
function tagsAnswer({ tags = {}, version }: FunctionDocument): { readonly tags?: ReturnType<typeof tagList> } {
  return version !== undefined || Object.keys(tags).length === 0 ? {} : { tags: tagList(tags) };
}

/**
 * Shows a function.
 * @see FunctionGraph API, 6.2 of the function model
 */
export function functionAnswer(fn: FunctionDocument): Record<string, unknown> {
  const version = fn.version ?? 'latest';
  return {
    ...fn.kept,
    ...tagsAnswer(fn),
    ...logTargetAnswer(fn.kept),
    func_id: fn.id,
    resource_id: `${fn.id}:${fn.name}`,
    func_urn: `${fn.urn}:${version}`,
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
    ...codeAnswer(fn.code),
    user_data: Object.keys(fn.userData).length === 0 ? '' : JSON.stringify(fn.userData),
    encrypted_user_data: blankUserData(fn.sealedUserData),
    version,
    image_name: `${version}-${utcText(fn.modifiedAt).slice(2, 19).replaceAll(/\D/g, '')}@${fn.id.slice(0, 6)}`,
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

/** Returns the named fields of {@link functionAnswer} that are present. */
export function functionAnswerOf(fn: FunctionDocument, fields: readonly string[]): Record<string, unknown> {
  const answer = functionAnswer(fn);
  return Object.fromEntries(fields.filter((field) => field in answer).map((field) => [field, answer[field]]));
}
