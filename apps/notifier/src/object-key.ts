import { utcText } from '#contracts';
import type { Notification } from './destination.ts';

/**
 * The key of a notification: `<prefix>/<YYYY>/<MM>/<DD>/<request id>.json`, by the day the invocation ended, so that a repeat overwrites itself.
 * Slashes around the prefix do not matter.
 */
export function objectKey(prefix: string, { id, at }: Pick<Notification, 'id' | 'at'>): string {
  const [year = '', month = '', day = ''] = utcText(at).slice(0, 10).split('-');
  const parts = prefix.split('/').filter((part) => part !== '');
  return [...parts, year, month, day, `${id}.json`].join('/');
}
