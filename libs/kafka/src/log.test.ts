import { describe, expect, it } from 'vitest';
import { severityOf } from './kafkajs/kafkajs-log.ts';
import { rateLimited } from './log.ts';

describe('rateLimited', () => {
  it('logs a repeated line at level debug until the interval has passed', () => {
    const logged: string[] = [];
    let now = 0;
    const log = rateLimited(
      (level, message, details) => logged.push(`${level} ${message} ${String(details['error'])}`),
      () => now,
      1_000,
    );
    for (const at of [0, 1, 999, 1_000, 1_001]) {
      now = at;
      log('warn', 'gone', { error: 'x' });
    }
    log('warn', 'gone', { error: 'y' });
    log('debug', 'gone', { error: 'x' });
    expect(logged).toEqual([
      'warn gone x',
      'debug gone x',
      'debug gone x',
      'warn gone x',
      'debug gone x',
      'warn gone y',
      'debug gone x',
    ]);
  });
});

describe('severityOf', () => {
  it.each([
    [1, 'Response FindCoordinator(key: 10, version: 2)', 'The group coordinator is not available', 'debug'],
    [1, 'Response Heartbeat(key: 12, version: 3)', 'The group is rebalancing, so a rejoin is needed', 'debug'],
    [1, 'Crash: KafkaJSNumberOfRetriesExceeded: Connection error', '', 'warn'],
    [1, 'Connection error: connect ECONNREFUSED', '', 'warn'],
    [2, 'Something odd', '', 'warn'],
    [4, 'Consumer has joined the group', '', 'debug'],
    [5, 'Request Fetch', '', 'debug'],
  ])('level %i, %j, %j: %s', (level, message, error, severity) => expect(severityOf(level, message, error)).toBe(severity));
});
