import type { FunctionDocument } from '#contracts';
import { type TagDto, FunctionTagsDto } from './tags.dto.ts';
import { validated } from '../http/validated.ts';

/** Values of tags, by their keys. */
export type Tags = NonNullable<FunctionDocument['tags']>;

/** The last value of a key counts. */
export function tagsOf(list: readonly TagDto[]): Tags {
  return Object.fromEntries(list.map(({ key, value = '' }) => [key, value]));
}

/** Tags as the API lists them. */
export function tagList(tags: Tags): readonly TagDto[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/**
 * The tags that the body of a function brings: a list, as the operations on tags have it, or such a list as JSON in a string.
 * @returns undefined where it brings none, or in a form that can only be kept and shown.
 * @throws ApiError FSS.0400 for more, or longer ones, than there may be.
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
