/** Finds the field of the form that a refusal of the API is about. Pure functions. */
import type { PolicyForm, TargetForm } from './policy-form.ts';

/** A field of one side. */
export type TargetField = Exclude<keyof TargetForm, 'version'>;
export type Side = 'success' | 'failure';

/** The refusals to show, by field; `success.bucket` is a field of one side. */
export type Refusals = Readonly<Partial<Record<keyof PolicyForm | `${Side}.${TargetField}`, string>>>;

const apiFields: Readonly<Record<string, keyof PolicyForm>> = {
  max_async_retry_attempts: 'retries',
  max_async_event_age_in_seconds: 'validitySeconds',
  enable_async_status_log: 'isStatusLogged',
  log_group: 'logGroup',
  log_stream: 'logStream',
  retry_wait_base_in_seconds: 'waitBaseSeconds',
  retry_wait_max_in_seconds: 'waitMaxSeconds',
};

const targetFields: Readonly<Record<string, TargetField>> = {
  destination: 'service',
  func_urn: 'functionName',
  bucket: 'bucket',
  prefix: 'prefix',
  expires: 'expires',
  stream_name: 'stream',
  topic_urn: 'topicUrn',
};

const sides = { success: 'on_success', failure: 'on_failure' } as const;
const serviceFields = { FunctionGraph: 'functionName', OBS: 'bucket', DIS: 'stream', SMN: 'topicUrn' } as const;

/** The field that names the target of a side, if the message is about that target. */
function namedTarget(message: string, target: TargetForm): TargetField | undefined {
  if (target.service === 'none') return undefined;
  const field = serviceFields[target.service];
  const isCycle = message.includes('cycle') && (field === 'functionName' || field === 'topicUrn');
  return isCycle || (target[field] !== '' && message.includes(target[field])) ? field : undefined;
}

/** Returns the message at the fields that it is about; nothing if it is about the whole form. */
export function refusalsOf(message: string, form: PolicyForm): Refusals {
  for (const [side, name] of Object.entries(sides) as [Side, string][]) {
    const [, behind = ''] = message.split(`${name}.`, 2);
    const [field = ''] = /^\w+/.exec(behind.replace(/^param\./, '')) ?? [];
    const known = targetFields[field];
    if (known !== undefined) return { [`${side}.${known}`]: message };
  }
  const plain = Object.entries(apiFields).find(([name]) => message.includes(name));
  if (plain !== undefined) return { [plain[1]]: message };
  const named = (['success', 'failure'] as const).flatMap((side) => {
    const field = namedTarget(message, form[side]);
    return field === undefined ? [] : [[`${side}.${field}`, message]];
  });
  return Object.fromEntries(named) as Refusals;
}
