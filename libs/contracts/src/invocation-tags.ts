import { contractViolated } from './errors.ts';
import { header } from './headers.ts';
import { limits } from './limits.ts';
import type { RecordHeaders } from './record.ts';

/** The form of one tag of an invocation. */
export const invocationTagPattern = /^[A-Za-z0-9_.:-]{1,64}$/;

/** The form of a list of tags, as callers write it: up to 8, separated by commas. */
export const invocationTagsPattern = `^ *(?:${tagText()}(?: *, *${tagText()}){0,${limits.invocationTagsMax - 1}})? *$`;

/** The rule for tags, for error messages. */
export const invocationTagsRule = `up to ${limits.invocationTagsMax} names, each 1 to 64 of A-Z a-z 0-9 _ . : -, separated by commas`;

function tagText(): string {
  return invocationTagPattern.source.slice(1, -1);
}

/**
 * Reads tags as a caller wrote them. Spaces around a tag and repeated tags are dropped.
 * @returns the tags in alphabetical order; undefined if the text breaks {@link invocationTagsRule}.
 */
export function readInvocationTags(text: string): readonly string[] | undefined {
  if (text.trim() === '') return [];
  const tags = [...new Set(text.split(',').map((tag) => tag.trim()))].sort();
  return tags.length <= limits.invocationTagsMax && tags.every((tag) => invocationTagPattern.test(tag)) ? tags : undefined;
}

/** The tags of an invocation as a header; empty if it has none. */
export function tagsHeader(tags: readonly string[] | undefined): Readonly<Record<string, string>> {
  return tags === undefined || tags.length === 0 ? {} : { [header.tags]: tags.join(',') };
}

/**
 * Reads the tags of an invocation back; empty if it has none.
 * @throws PlatformError `CONTRACT_VIOLATED` if they break {@link invocationTagsRule}.
 */
export function tagsOfHeaders(headers: RecordHeaders): { readonly tags?: readonly string[] } {
  const text = headers[header.tags];
  if (text === undefined) return {};
  const tags = readInvocationTags(text);
  if (tags === undefined) throw contractViolated(`header ${header.tags} must hold ${invocationTagsRule}`);
  return tags.length === 0 ? {} : { tags };
}
