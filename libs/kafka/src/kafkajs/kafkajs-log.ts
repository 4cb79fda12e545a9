import kafkajs, { type logCreator } from 'kafkajs';
import type { LogLevel, TransportLog } from '../log.ts';

/**
 * Errors of a new or rebalancing group that pass by themselves. The client logs them as errors,
 * tries again and succeeds.
 */
const transientMessages = [
  'coordinator is not available',
  'coordinator not available',
  'coordinator is loading',
  'not the coordinator',
  'correct coordinator',
  'leadership election',
  'rebalancing',
  // The group deals its partitions anew; the rest is committed after that.
  'group generation id is not valid',
  'member needs to have a valid member id',
  'not aware of this member',
  // Another service created the same topics a moment ago.
  'Topic creation errors',
  // The line before this one says why.
  'Restarting the consumer',
  'This server is not the leader',
  'This server does not host this topic-partition',
  'Closed connection',
  'Response without match',
];

/**
 * Returns the level at which an operator should see a line of kafkajs.
 * @param level as kafkajs counts: 1 error, 2 warning, 4 info, 5 debug.
 */
export function severityOf(level: number, message: string, error: string): LogLevel {
  if (level >= kafkajs.logLevel.INFO) return 'debug';
  if (transientMessages.some((phrase) => message.includes(phrase) || error.includes(phrase))) return 'debug';
  // Errors too are warnings: the owner of the consumer hears of a failure for good through
  // `onFatal`.
  return 'warn';
}

/** Makes kafkajs log through our log, without stack traces. */
export function logThrough(log: TransportLog): logCreator {
  return () =>
    ({ namespace, level, log: { message, timestamp: _timestamp, stack: _stack, ...details } }) => {
      const error = typeof details['error'] === 'string' ? details['error'] : '';
      log(severityOf(level, message, error), message, { namespace, ...plain(details) });
    };
}

function plain(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  );
}
