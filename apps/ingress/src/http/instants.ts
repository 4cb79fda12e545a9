import { type EpochMs, utcText } from '#contracts';

/** An instant as `YYYY-MM-DDTHH:mm:ss+00:00`: RFC 3339, in whole seconds of UTC. */
export function rfc3339(at: EpochMs): string {
  return `${utcText(at).slice(0, 19)}+00:00`;
}
