import { ApiError } from './api-error.ts';

/** Bounds of a body of JSON. They are checked before anything reads its fields. */
export const jsonBounds = {
  /** Objects and lists within each other. */
  depthMax: 32,
  /** Fields and elements in all objects and lists together. */
  valuesMax: 10_000,
  /** Elements of one list. */
  listMax: 1_000,
  /** Characters of a field's name. */
  nameLengthMax: 256,
} as const;

function refused(what: string): ApiError {
  return new ApiError('FSS.0400', what);
}

/** The refusal of a body with more objects and lists within each other than it may have. */
export function tooDeep(): ApiError {
  return refused(`the body may be nested ${jsonBounds.depthMax} deep`);
}

/** Returns the inner values. @throws ApiError if the list, or a name of the object, is too long. */
function innerValues(outer: object): readonly unknown[] {
  if (Array.isArray(outer)) {
    if (outer.length <= jsonBounds.listMax) return outer as unknown[];
    throw refused(`a list of the body may have ${jsonBounds.listMax} elements, and one has ${outer.length}`);
  }
  const longName = Object.keys(outer).find((name) => name.length > jsonBounds.nameLengthMax);
  if (longName === undefined) return Object.values(outer);
  throw refused(`the name of a field may have ${jsonBounds.nameLengthMax} characters: ${longName.slice(0, 64)}`);
}

/**
 * Checks parsed JSON against {@link jsonBounds}. It walks level by level, so deep nesting cannot
 * overflow the stack.
 * @throws ApiError FSS.0400 naming the bound.
 */
export function checkJsonBounds(json: unknown): void {
  let level: readonly unknown[] = [json];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > jsonBounds.depthMax + 1) throw tooDeep();
    const next: unknown[] = [];
    for (const outer of level) {
      if (typeof outer !== 'object' || outer === null) continue;
      for (const value of innerValues(outer)) {
        values++;
        if (values > jsonBounds.valuesMax)
          throw refused(`the body may have ${jsonBounds.valuesMax} fields and elements in all; send fewer`);
        next.push(value);
      }
    }
    level = next;
  }
}
