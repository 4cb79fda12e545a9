import type { AgencyDocument, Target } from '#contracts';

/** What a grant must cover for a target: bucket, stream, topic URN or function URN. */
export function resourceOf(target: Target): string {
  switch (target.type) {
    case 'OBS':
      return target.bucket;
    case 'DIS':
      return target.streamName;
    case 'SMN':
      return target.topicUrn;
    case 'FunctionGraph':
      return target.functionUrn;
    default:
      return target satisfies never;
  }
}

/** Does an agency grant the use of a target? `*` in a grant stands for any run of characters. Without an agency nothing is granted. */
export function isGranted(agency: AgencyDocument | undefined, target: Target): boolean {
  const resource = resourceOf(target);
  return agency?.grants.some((grant) => grant.type === target.type && matchesPattern(grant.resource, resource)) ?? false;
}

/**
 * Does a text fit a pattern in which `*` stands for any run of characters?
 * Without regular expressions: a pattern is the caller's, and some patterns take a regular expression for ever.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return pattern === text;
  if (!text.startsWith(head)) return false;
  let from = head.length;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.length - tail.length >= from && text.endsWith(tail);
}
