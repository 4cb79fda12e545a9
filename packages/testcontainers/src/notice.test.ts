import { expect, it } from 'vitest';
import { noticeOf } from './notice.ts';

const message = {
  timestamp: '2026-01-01T00:00:00.000+00:00',
  request_context: { request_id: 'r', function_urn: 'urn', condition: '', approximate_invoke_count: 2 },
  request_payload: '{"a":1}',
  response_context: { status_code: 200, function_error: '' },
  response_payload: '"done"',
};

it('reads a notification, and parses what is JSON', () => {
  expect(noticeOf(JSON.stringify(message))).toEqual({
    requestId: 'r',
    functionUrn: 'urn',
    condition: '',
    attempts: 2,
    event: { a: 1 },
    response: 'done',
    statusCode: 200,
    error: '',
  });
});

it('keeps a response that is not JSON as text', () => {
  expect(noticeOf(JSON.stringify({ ...message, response_payload: 'plain' }))?.response).toBe('plain');
});

it.each(['', 'hello', 'null', '{}', '17'])('takes %j for no notification', (text) => {
  expect(noticeOf(text)).toBeUndefined();
});
