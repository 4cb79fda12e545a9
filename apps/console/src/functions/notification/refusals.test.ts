import { describe, expect, it } from 'vitest';
import { formOf, type PolicyForm, type TargetForm } from './policy-form.ts';
import { refusalsOf } from './refusals.ts';

const empty = formOf(null);
const side = (part: Partial<TargetForm>): TargetForm => ({ ...empty.success, ...part });

function aForm(part: Partial<PolicyForm> = {}): PolicyForm {
  return { ...empty, ...part };
}

describe('refusalsOf', () => {
  it.each([
    ['max_async_retry_attempts must not be greater than 3', 'retries'],
    ['max_async_event_age_in_seconds must not be less than 1', 'validitySeconds'],
    ['log_stream_name is unknown', 'logStream'],
    ['retry_wait_max_in_seconds must not be less than the base', 'waitMaxSeconds'],
    ['destination_config.on_success.param.bucket must be a string', 'success.bucket'],
    ['destination_config.on_failure.param.expires must be a whole number', 'failure.expires'],
    ['destination_config.on_failure.destination must be one of OBS', 'failure.service'],
  ])('finds the field of: %s', (message, field) => {
    expect(refusalsOf(message, aForm())).toEqual({ [field]: message });
  });

  it('finds the target that a message names, at each side that has it', () => {
    const form = aForm({
      success: side({ service: 'OBS', bucket: 'other' }),
      failure: side({ service: 'DIS', stream: 'orders' }),
    });
    expect(refusalsOf('OBS other may not be used', form)).toEqual({ 'success.bucket': 'OBS other may not be used' });
    const both = aForm({
      success: side({ service: 'DIS', stream: 'orders' }),
      failure: side({ service: 'DIS', stream: 'orders' }),
    });
    expect(Object.keys(refusalsOf('stream orders is missing', both))).toEqual(['success.stream', 'failure.stream']);
  });

  it('shows a cycle at the target that closes it, and not at a bucket', () => {
    const form = aForm({
      success: side({ service: 'FunctionGraph', functionName: 'default:a' }),
      failure: side({ service: 'OBS', bucket: 'b' }),
    });
    expect(Object.keys(refusalsOf('this makes a cycle', form))).toEqual(['success.functionName']);
  });

  it('leaves a message about no field to the whole form', () => {
    expect(refusalsOf('the server is tired', aForm({ success: side({ service: 'OBS' }) }))).toEqual({});
  });
});
