import kafkajs, { type logCreator } from 'kafkajs';
import type { LogLevel, TransportLog } from '../log.ts';

/** What a fresh or rebalancing group says on its way up; kafkajs calls these errors, then tries again and succeeds. */
const passing = [
  'coordinator is not available',
  'coordinator not available',
  'coordinator is loading',
  'not the coordinator',
  'correct coordinator',
  'leadership election',
  'rebalancing',
  'member needs to have a valid member id',
  'not aware of this member',
  // Another service made the same topics a moment ago.
  'Topic creation errors',
  // Why it restarts was said before.
  'Restarting the consumer',
  'This server is not the leader',
  'This server does not host this topic-partition',
  'Closed connection',
  'Response without match',
];

/**
 * How much of what kafkajs says concerns an operator.
 * @param level as kafkajs counts: 1 error, 2 warning, 4 info, 5 debug.
 */
export function severityOf(level: number, message: string, error: string): LogLevel {
  if (level >= kafkajs.logLevel.INFO) return 'debug';
  if (passing.some((phrase) => message.includes(phrase) || error.includes(phrase))) return 'debug';
  // Its errors too: what cannot be helped reaches the owner of the consumer as such.
  return 'warn';
}

/** Makes kafkajs speak through our log, without its stacks. */
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
