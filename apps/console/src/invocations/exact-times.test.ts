import { describe, expect, it } from 'vitest';
import { exactTimes } from './exact-times.ts';

const acceptedAt = Date.UTC(2026, 10, 29, 22, 39, 39, 356);
const hex = acceptedAt.toString(16).padStart(12, '0');
const record = {
  request_id: `${hex.slice(0, 8)}-${hex.slice(8)}-4abc-8def-0123456789ab`,
  start_time: '2026-11-29T22:39:39',
  end_time: '2026-11-29T22:39:39',
};
const settled = { kind: 'settled', time: '2026-11-29T22:39:39.418Z' };

describe('exactTimes', () => {
  it('takes milliseconds from the request id and from the transition, which records do not have', () => {
    const times = exactTimes(record, [{ kind: 'queued', time: '2026-11-29T22:39:39.356Z' }, settled]);
    expect(times).toEqual({ accepted: '2026-11-29T22:39:39.356Z', ended: '2026-11-29T22:39:39.418Z', seconds: 0.062 });
  });

  it('keeps the times of the record where a producer chose the id, and where nothing tells the end', () => {
    const times = exactTimes({ ...record, request_id: 'f'.repeat(8) }, []);
    expect(times).toEqual({ accepted: record.start_time, ended: record.end_time, seconds: undefined });
  });

  it('believes no id whose time is that of another day', () => {
    expect(exactTimes({ ...record, start_time: '2026-11-28T22:39:39' }, [settled]).accepted).toBe('2026-11-28T22:39:39');
  });

  it('has no end while the invocation is under way', () => {
    expect(exactTimes({ ...record, end_time: '' }, [])).toMatchObject({ ended: '', seconds: undefined });
  });
});
