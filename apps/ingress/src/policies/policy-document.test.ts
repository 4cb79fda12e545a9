import { describe, expect, it } from 'vitest';
import { epochMs, type PolicyDocument, retryPolicy } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { validated } from '../http/validated.ts';
import { policyAnswer, policyOf } from './policy-document.ts';
import { PolicyDto } from './policy.dto.ts';

const urn = 'urn:fss:local:p1:function:default:hello:latest';
const home = { region: 'local', project: 'p1' };
const now = epochMs(1_800_000_000_000);
const { baseMs, maxMs } = retryPolicy.backoff;

/** The policy of a body, or the error for it. */
function read(body: object, before?: PolicyDocument): PolicyDocument | ApiError {
  try {
    return policyOf(validated(PolicyDto, body), urn, before, home, now);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

const refused = (message: string) => new ApiError('FSS.0400', message);
const target = (destination: string, param: unknown) => ({ destination, param: JSON.stringify(param) });

describe('policyOf', () => {
  it('has 1 retry within 1 h, and no destination, for an empty body', () => {
    expect(read({})).toEqual({
      kind: 'policy',
      functionUrn: urn,
      eventAgeMaxMs: 3_600_000,
      retriesMax: 1,
      backoff: { baseMs, maxMs },
      destinations: {},
      isStatusLogged: false,
      createdAt: now,
      modifiedAt: now,
    });
  });

  it('keeps the time of creation of the policy that it replaces, and nothing else', () => {
    const before = read({ max_async_retry_attempts: 3, enable_async_status_log: true }) as PolicyDocument;
    expect(read({}, { ...before, createdAt: epochMs(1) })).toEqual({ ...(read({}) as object), createdAt: 1 });
  });

  it.each<[field: string, least: number, most: number]>([
    ['max_async_retry_attempts', 0, 3],
    ['max_async_event_age_in_seconds', 1, 86_400],
    ['retry_wait_base_in_seconds', 0.05, 3_600],
    ['retry_wait_max_in_seconds', 0.05, 86_400],
  ])('accepts %s from %d to %d, and refuses values beyond', (field, least, most) => {
    // A low first wait, so that the order of the two waits is no reason to refuse.
    const body = (value: number) => ({ retry_wait_base_in_seconds: 0.05, [field]: value });
    expect([read(body(least)), read(body(most))]).toEqual([
      expect.objectContaining({ kind: 'policy' }),
      expect.objectContaining({ kind: 'policy' }),
    ]);
    expect(read(body(least - 0.01))).toBeInstanceOf(ApiError);
    expect(read(body(most + 1))).toBeInstanceOf(ApiError);
  });

  it.each<[what: string, body: object, backoff: object]>([
    ['only the first wait', { retry_wait_base_in_seconds: 2 }, { baseMs: 2_000, maxMs }],
    ['only the longest wait', { retry_wait_max_in_seconds: 20 }, { baseMs, maxMs: 20_000 }],
    ['a first wait at the default longest wait', { retry_wait_base_in_seconds: maxMs / 1_000 }, { baseMs: maxMs, maxMs }],
    ['a first wait beyond it, which it raises', { retry_wait_base_in_seconds: 301 }, { baseMs: 301_000, maxMs: 301_000 }],
    ['two equal waits', { retry_wait_base_in_seconds: 5, retry_wait_max_in_seconds: 5 }, { baseMs: 5_000, maxMs: 5_000 }],
    ['a wait in fractions of a millisecond', { retry_wait_base_in_seconds: 0.1004 }, { baseMs: 100, maxMs }],
  ])('has the backoff of %s', (_what, body, backoff) => {
    expect(read(body)).toMatchObject({ backoff });
  });

  it('refuses a longest wait 1 ms below the first', () => {
    expect(read({ retry_wait_base_in_seconds: 5, retry_wait_max_in_seconds: 4.999 })).toEqual(
      refused('retry_wait_max_in_seconds must be at least retry_wait_base_in_seconds'),
    );
  });

  it('has the names of the log group that are not empty', () => {
    expect(read({ log_group_id: 'g', log_stream_id: '' })).toMatchObject({ logGroup: { groupId: 'g' } });
    expect(read({ log_group_id: '', log_stream_id: '' })).not.toHaveProperty('logGroup');
  });

  it('reads each side by itself, and takes an empty destination for none', () => {
    const config = { on_success: { destination: '' }, on_failure: target('DIS', { stream_name: 'orders' }) };
    expect(read({ destination_config: config })).toMatchObject({ destinations: { onFailure: { type: 'DIS' } } });
    expect((read({ destination_config: config }) as PolicyDocument).destinations).not.toHaveProperty('onSuccess');
  });

  it('refuses an unknown destination with the name of its side', () => {
    expect(read({ destination_config: { on_failure: target('EG', {}) } })).toEqual(
      refused('destination_config.on_failure.destination must be OBS, DIS, SMN or FunctionGraph'),
    );
  });
});

describe('policyAnswer', () => {
  it.each<[what: string, body: Record<string, unknown>]>([
    ['numbers', { max_async_retry_attempts: 0, max_async_event_age_in_seconds: 1, retry_wait_base_in_seconds: 0.05 }],
    ['log names', { log_group_id: 'a', log_stream_id: 'b', log_group_name: 'c', log_stream_name: 'd' }],
    ['destinations', { destination_config: { on_success: target('SMN', { topic_urn: 'urn:smn:local:p1:news' }) } }],
  ])('shows the %s of the body', (_what, body) => {
    expect(policyAnswer(read(body) as PolicyDocument)).toMatchObject(body);
  });
});
