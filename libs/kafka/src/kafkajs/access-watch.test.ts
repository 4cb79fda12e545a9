import { describe, expect, it } from 'vitest';
import { PlatformError } from '#contracts';
import { AccessWatch, refusalMaxMs } from './access-watch.ts';

function aWatch() {
  const fatal: PlatformError[] = [];
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const watch = new AccessWatch(
    () => clock.nowMs,
    (level, message) => lines.push(`${level} ${message}`),
    (error) => fatal.push(error),
  );
  return { watch, fatal, lines, clock };
}

const refused = new PlatformError('BROKER_LOGIN_FAILED');

describe('a process that the brokers refuse', () => {
  it('is not ready until they accept it again, and logs each change once', () => {
    const { watch, lines, fatal } = aWatch();
    watch.failed('login', refused);
    watch.failed('login', refused);
    expect(watch.isRefused).toBe(true);
    watch.allowed('login');
    watch.allowed('login');
    expect(watch.isRefused).toBe(false);
    expect(lines).toEqual(['error The brokers refuse this service', 'info The brokers accept this service again']);
    expect(fatal).toEqual([]);
  });

  it('ends after a bound, counted from the first refusal', () => {
    const { watch, fatal, clock } = aWatch();
    watch.failed('login', refused);
    clock.nowMs = refusalMaxMs - 1;
    watch.failed('login', refused);
    expect(fatal).toEqual([]);
    clock.nowMs = refusalMaxMs;
    watch.failed('login', refused);
    expect(fatal).toEqual([refused]);
  });

  it('is not a process whose brokers are unreachable', () => {
    const { watch } = aWatch();
    watch.failed('login', new PlatformError('BROKER_UNAVAILABLE'));
    expect(watch.isRefused).toBe(false);
  });

  it('stays refused while another right is missing', () => {
    const { watch } = aWatch();
    watch.refused('write settlements', refused);
    watch.failed('login', refused);
    watch.allowed('login');
    expect(watch.isRefused).toBe(true);
  });
});
