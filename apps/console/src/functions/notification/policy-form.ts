/**
 * The form of the page "Async Notification", and how it becomes a policy of the API and back. Pure
 * functions.
 * @see FunctionGraph manual, "Asynchronous Notification Policy"
 */
import type { components, operations } from '../../api/schema.ts';

/** A policy as the API shows it. */
export type Policy = operations['showAsyncInvokeConfig']['responses'][200]['content']['application/json'];

/** The services that can be told of the result, in the order of the manual. */
export const services = ['FunctionGraph', 'OBS', 'DIS', 'SMN'] as const;
export type Service = (typeof services)[number];

/** One side of the form. Fields of services that are not chosen keep what was typed. */
export interface TargetForm {
  readonly service: Service | 'none';
  /** `package:name`; empty if none is chosen. */
  readonly functionName: string;
  /** A version, or an alias after `!`. */
  readonly version: string;
  readonly bucket: string;
  readonly prefix: string;
  /** Days; text while it is being typed. */
  readonly expires: number | string;
  readonly stream: string;
  readonly topicUrn: string;
}

/** The whole form. Numbers are text while they are being typed. */
export interface PolicyForm {
  readonly retries: number | string;
  readonly validitySeconds: number | string;
  readonly isStatusLogged: boolean;
  readonly logGroup: string;
  readonly logStream: string;
  readonly success: TargetForm;
  readonly failure: TargetForm;
  readonly waitBaseSeconds: number | string;
  readonly waitMaxSeconds: number | string;
}

const noTarget: TargetForm = {
  service: 'none',
  functionName: '',
  version: 'latest',
  bucket: '',
  prefix: '',
  expires: 0,
  stream: '',
  topicUrn: '',
};

/** The defaults of the manual. */
const firstForm: PolicyForm = {
  retries: 3,
  validitySeconds: 3_600,
  isStatusLogged: false,
  logGroup: '',
  logStream: '',
  success: noTarget,
  failure: noTarget,
  waitBaseSeconds: 1,
  waitMaxSeconds: 300,
};

/** A target as a policy states it: a service, and its parameters as JSON in a string. */
type Destination = components['schemas']['DestinationDto'];

function fieldsOf({ param }: Destination): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(param ?? '{}') as Record<string, unknown>;
  } catch {
    return {};
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

function targetFormOf(destination: Destination | null | undefined): TargetForm {
  const service = services.find((known) => known === destination?.destination);
  if (destination == null || service === undefined) return noTarget;
  const fields = fieldsOf(destination);
  const [folder = '', name = '', version = 'latest'] = textOf(fields['func_urn']).split(':').slice(5);
  return {
    service,
    functionName: name === '' ? '' : `${folder}:${name}`,
    version,
    bucket: textOf(fields['bucket']),
    prefix: textOf(fields['prefix']),
    expires: typeof fields['expires'] === 'number' ? fields['expires'] : 0,
    stream: textOf(fields['stream_name']),
    topicUrn: textOf(fields['topic_urn']),
  };
}

/** The form of a policy; the defaults of the manual if the function has none. */
export function formOf(policy: Policy | null): PolicyForm {
  if (policy === null) return firstForm;
  const { on_success, on_failure } = policy.destination_config ?? {};
  const logs = policy as { readonly log_group_name?: string; readonly log_stream_name?: string };
  return {
    retries: policy.max_async_retry_attempts ?? firstForm.retries,
    validitySeconds: policy.max_async_event_age_in_seconds ?? firstForm.validitySeconds,
    isStatusLogged: policy.enable_async_status_log ?? false,
    logGroup: logs.log_group_name ?? '',
    logStream: logs.log_stream_name ?? '',
    success: targetFormOf(on_success),
    failure: targetFormOf(on_failure),
    waitBaseSeconds: policy.retry_wait_base_in_seconds ?? firstForm.waitBaseSeconds,
    waitMaxSeconds: policy.retry_wait_max_in_seconds ?? firstForm.waitMaxSeconds,
  };
}

/** A number if the text is one, so that the API judges all else. */
function numberOf(value: number | string): number {
  return (typeof value === 'string' && value.trim() === '' ? value : Number(value)) as number;
}

/** @param home `urn:fss:<region>:<project>:function`, the beginning of all function URNs here. */
function destinationOf(target: TargetForm, home: string): Destination | undefined {
  const { service } = target;
  const of = (param: Record<string, unknown>): Destination => ({ destination: service, param: JSON.stringify(param) });
  switch (service) {
    case 'none':
      return undefined;
    case 'FunctionGraph':
      return of({ func_urn: target.functionName === '' ? '' : `${home}:${target.functionName}:${target.version}` });
    case 'OBS':
      return of({ bucket: target.bucket, prefix: target.prefix, expires: numberOf(target.expires) });
    case 'DIS':
      return of({ stream_name: target.stream });
    case 'SMN':
      return of({ topic_urn: target.topicUrn });
    default:
      return service satisfies never;
  }
}

/**
 * The body that sets the policy.
 * @param functionUrn of the function whose policy it is.
 */
export function bodyOf(form: PolicyForm, functionUrn: string): components['schemas']['PolicyDto'] {
  const home = functionUrn.split(':').slice(0, 5).join(':');
  const onSuccess = destinationOf(form.success, home);
  const onFailure = destinationOf(form.failure, home);
  return {
    max_async_retry_attempts: numberOf(form.retries),
    max_async_event_age_in_seconds: numberOf(form.validitySeconds),
    destination_config: {
      ...(onSuccess === undefined ? {} : { on_success: onSuccess }),
      ...(onFailure === undefined ? {} : { on_failure: onFailure }),
    },
    enable_async_status_log: form.isStatusLogged,
    ...(form.isStatusLogged ? { log_group_name: form.logGroup, log_stream_name: form.logStream } : {}),
    retry_wait_base_in_seconds: numberOf(form.waitBaseSeconds),
    retry_wait_max_in_seconds: numberOf(form.waitMaxSeconds),
  };
}
