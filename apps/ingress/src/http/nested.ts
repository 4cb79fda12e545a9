import type { Type } from '@nestjs/common';
import { ValidateBy, ValidateNested, type ValidationOptions } from 'class-validator';

/** The class of each nested property, by the prototype that declares the property. */
const declared = new WeakMap<object, Map<string, () => Type<object>>>();

/** ValidateNested takes null and lists as elements of a list. */
const noHiddenElements = ValidateBy({
  name: 'noHiddenElements',
  validator: {
    validate: (value) => hiddenIn(value) === -1,
    defaultMessage: (of) => `$property.${hiddenIn(of?.value)} must be an object`,
  },
});

function hiddenIn(value: unknown): number {
  return Array.isArray(value) ? value.findIndex((each) => each === null || Array.isArray(each)) : -1;
}

/**
 * Checks the objects of a property against a class of their own.
 * @param options `each` for a list of such objects.
 */
export function Nested(classOf: () => Type<object>, options?: ValidationOptions): PropertyDecorator {
  return (prototype, property) => {
    ValidateNested(options)(prototype, property);
    if (options?.each === true) noHiddenElements(prototype, property);
    const own = declared.get(prototype) ?? new Map<string, () => Type<object>>();
    declared.set(prototype, own.set(String(property), classOf));
  };
}

/** Returns the class that {@link Nested} names, also for an inherited property. */
export function nestedClassOf(dto: Type<object>, property: string): Type<object> | undefined {
  let prototype: unknown = dto.prototype;
  while (typeof prototype === 'object' && prototype !== null) {
    const classOf = declared.get(prototype)?.get(property);
    if (classOf !== undefined) return classOf();
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

function made(dto: Type<object>, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => made(dto, each));
  return typeof value === 'object' && value !== null ? instanceOf(dto, value) : value;
}

/**
 * Makes an instance of a class from plain fields, and of nested classes. Unknown fields are kept.
 * The cost grows with the number of fields, not with its square.
 */
export function instanceOf<T extends object>(dto: Type<T>, fields: object): T {
  const instance = new dto();
  for (const [name, value] of Object.entries(fields)) {
    // `toString` as a number would break class-validator. No field of the API has such a name.
    if (name in Object.prototype) continue;
    const nested = nestedClassOf(dto, name);
    (instance as Record<string, unknown>)[name] = nested === undefined ? value : made(nested, value);
  }
  return instance;
}
