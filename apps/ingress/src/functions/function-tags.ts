import type { FunctionDocument } from '#contracts';
import { type TagDto, FunctionTagsDto } from './tags.dto.ts';
import { validated } from '../http/validated.ts';

/** Values of tags by key. */
export type Tags = NonNullable<FunctionDocument['tags']>;

/** Turns a list into tags. If a key occurs twice, its last value counts. */
export function tagsOf(list: readonly TagDto[]): Tags {
  return Object.fromEntries(list.map(({ key, value = '' }) => [key, value]));
}

/** Turns tags into the list of the API. */
export function tagList(tags: Tags): readonly TagDto[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/**
 * Reads the tags in the body of a function: a list, or such a list as JSON in a string.
 * @returns undefined if the body has no tags, or has them in another form.
 * @throws ApiError FSS.0400 if a tag is invalid or too long, or the list is too long.
 */
export function tagsIn({ tags }: { readonly tags?: unknown }): Tags | undefined {
  const list = typeof tags === 'string' ? parsed(tags) : tags;
  return Array.isArray(list) ? tagsOf(validated(FunctionTagsDto, { tags: list }).tags) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
