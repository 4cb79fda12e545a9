import { utcText } from '#contracts';
import type { Notification } from './destination.ts';

/**
 * The key of a notification: `<prefix>/<YYYY>/<MM>/<DD>/<request id>.json`, with the UTC day on
 * which the invocation ended. A repeat has the same key and overwrites the object. Slashes around
 * the prefix are ignored.
 */
export function objectKey(prefix: string, { id, at }: Pick<Notification, 'id' | 'at'>): string {
  const [year = '', month = '', day = ''] = utcText(at).slice(0, 10).split('-');
  const parts = prefix.split('/').filter((part) => part !== '');
  return [...parts, year, month, day, `${id}.json`].join('/');
}
