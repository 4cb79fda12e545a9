import { describe, expect, it } from 'vitest';
import { severityOf } from './kafkajs-log.ts';

describe('severityOf', () => {
  it.each([
    [1, 'Response FindCoordinator(key: 10, version: 2)', 'The group coordinator is not available', 'debug'],
    [1, 'Response Heartbeat(key: 12, version: 3)', 'The group is rebalancing, so a rejoin is needed', 'debug'],
    [1, 'Response OffsetCommit(key: 8, version: 5)', 'Specified group generation id is not valid', 'debug'],
    [1, 'Crash: KafkaJSNumberOfRetriesExceeded: Connection error', '', 'warn'],
    [1, 'Connection error: connect ECONNREFUSED', '', 'warn'],
    [2, 'Something odd', '', 'warn'],
    [4, 'Consumer has joined the group', '', 'debug'],
    [5, 'Request Fetch', '', 'debug'],
  ])('level %i, %j, %j: %s', (level, message, error, severity) => expect(severityOf(level, message, error)).toBe(severity));
});
