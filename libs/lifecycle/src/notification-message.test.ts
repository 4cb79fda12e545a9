import { describe, expect, it } from 'vitest';
import { epochMs, utcText } from '#contracts';
import { aSettlement, anInvocation, builtAt } from '#testing';
import { notificationMessage } from './notification-message.ts';

describe('notificationMessage', () => {
  it('is the documented message, field by field', () => {
    expect(notificationMessage(aSettlement())).toBe(
      '{"timestamp":"2027-01-15T08:00:00.005+00:00",' +
        '"request_context":{"request_id":"1167bf8c-87b0-43ab-8f5f-26b16c64f252","function_urn":"urn:fss:local:p1:function:default:hello:latest","condition":"","approximate_invoke_count":1},' +
        '"request_payload":"{\\"key\\":\\"value\\"}",' +
        '"response_context":{"status_code":200,"function_error":""},' +
        '"response_payload":"\\"hello world!\\""}',
    );
  });

  it('tells of a failure', () => {
    const settlement = aSettlement({ condition: 'InvocationTimeout', attempts: 3, errorMessage: 'too slow' });
    expect(JSON.parse(notificationMessage(settlement))).toMatchObject({
      request_context: { condition: 'InvocationTimeout', approximate_invoke_count: 3 },
      response_context: { status_code: 408, function_error: 'too slow' },
    });
  });

  it('is the time of acceptance if no attempt was made', () => {
    const { startedAt: _none, ...settlement } = aSettlement({ invocation: anInvocation({ acceptedAt: builtAt }) });
    expect(JSON.parse(notificationMessage(settlement))).toMatchObject({ timestamp: '2027-01-15T08:00:00.000+00:00' });
  });

  it('can write the literal form of the manual', () => {
    expect(notificationMessage(aSettlement(), 'documented')).toContain('"timestamp":"2027-01-15T08:00:00.005Z+00:00"');
  });
});

describe('utcText', () => {
  it('agrees with the calendar', () => {
    for (const text of [
      '1970-01-01T00:00:00.000',
      '1999-12-31T23:59:59.999',
      '2000-02-29T12:00:00.001',
      '2024-02-29T23:59:59.000',
      '2026-03-01T00:00:00.000',
      '2100-03-01T06:07:08.009',
    ])
      expect(utcText(epochMs(new Date(`${text}Z`).getTime()))).toBe(text);
  });
});
