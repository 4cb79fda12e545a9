import { describe, expect, it } from 'vitest';
import { bodyOf, formOf, type Policy, type PolicyForm, type TargetForm } from './policy-form.ts';

const functionUrn = 'urn:fss:local:p1:function:default:double:latest';

function aForm(part: Partial<PolicyForm> = {}): PolicyForm {
  return { ...formOf(null), ...part };
}

function aTarget(part: Partial<TargetForm>): TargetForm {
  return { ...formOf(null).success, ...part };
}

const paramsOf = (form: PolicyForm) => {
  const { on_success: success } = bodyOf(form, functionUrn).destination_config ?? {};
  return { destination: success?.destination, param: JSON.parse(success?.param ?? 'null') as unknown };
};

describe('bodyOf', () => {
  it.each<[string, Partial<TargetForm>, object]>([
    [
      'a function, by its URN with the version',
      { service: 'FunctionGraph', functionName: 'tools:audit', version: '!stable' },
      { func_urn: 'urn:fss:local:p1:function:tools:audit:!stable' },
    ],
    ['no function, if none was chosen', { service: 'FunctionGraph' }, { func_urn: '' }],
    ['a bucket', { service: 'OBS', bucket: 'b', prefix: 'p', expires: '7' }, { bucket: 'b', prefix: 'p', expires: 7 }],
    ['a stream', { service: 'DIS', stream: 's' }, { stream_name: 's' }],
    ['a topic', { service: 'SMN', topicUrn: 'urn:smn:local:p1:t' }, { topic_urn: 'urn:smn:local:p1:t' }],
  ])('names %s', (_name, target, param) => {
    expect(paramsOf(aForm({ success: aTarget(target) }))).toEqual({ destination: target.service, param });
  });

  it('has no target on a side that tells nobody, also if fields of a service were typed', () => {
    const form = aForm({ success: aTarget({ service: 'none', bucket: 'typed before' }) });
    expect(bodyOf(form, functionUrn).destination_config).toEqual({});
  });

  it('leaves a text that is no number to the judgement of the API', () => {
    expect(bodyOf(aForm({ retries: ' ' }), functionUrn).max_async_retry_attempts).toBe(' ');
    expect(bodyOf(aForm({ retries: 'x' }), functionUrn).max_async_retry_attempts).toBeNaN();
    expect(bodyOf(aForm({ validitySeconds: '60' }), functionUrn).max_async_event_age_in_seconds).toBe(60);
  });

  it('names the log only while the status log is on', () => {
    const log = { logGroup: 'g', logStream: 's' };
    expect(bodyOf(aForm({ isStatusLogged: true, ...log }), functionUrn)).toMatchObject({
      log_group_name: 'g',
      log_stream_name: 's',
    });
    expect(bodyOf(aForm({ isStatusLogged: false, ...log }), functionUrn)).not.toHaveProperty('log_group_name');
  });
});

describe('formOf', () => {
  it('shows the defaults of the manual for a function without a policy', () => {
    expect(formOf(null)).toMatchObject({ retries: 3, validitySeconds: 3_600, success: { service: 'none' } });
  });

  it.each<TargetForm>([
    aTarget({ service: 'FunctionGraph', functionName: 'default:audit', version: '3' }),
    aTarget({ service: 'OBS', bucket: 'b', prefix: 'p', expires: 7 }),
    aTarget({ service: 'DIS', stream: 's' }),
    aTarget({ service: 'SMN', topicUrn: 'urn:smn:local:p1:t' }),
  ])('reads back what bodyOf wrote: $service', (success) => {
    const form = aForm({ retries: 1, waitBaseSeconds: 0.5, success });
    expect(formOf(bodyOf(form, functionUrn) as Policy)).toEqual(form);
  });

  it('shows a target whose parameters are no JSON as an empty one of its service', () => {
    const policy = { destination_config: { on_failure: { destination: 'OBS', param: '{' } } } as Policy;
    expect(formOf(policy).failure).toEqual(aTarget({ service: 'OBS' }));
  });
});
