import { type Settlement, utcText } from '#contracts';

/**
 * The key of a notification: `<prefix>/<YYYY>/<MM>/<DD>/<request id>.json`, by the day the invocation ended, so that a repeat overwrites itself.
 * Slashes around the prefix do not matter.
 */
export function objectKey(prefix: string, { invocation, endedAt }: Settlement): string {
  const [year = '', month = '', day = ''] = utcText(endedAt).slice(0, 10).split('-');
  const parts = prefix.split('/').filter((part) => part !== '');
  return [...parts, year, month, day, `${invocation.requestId}.json`].join('/');
}
