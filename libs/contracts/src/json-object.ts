import { type Bounds, bounds } from './bounds.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';

/**
 * A JSON object from a record, which a decoder reads field by field.
 *
 * The decoder names each field, and the compiler compares its result with the return type. Fields
 * that the decoder does not name are left out. Every method throws PlatformError
 * `CONTRACT_VIOLATED` if the field is missing or has another type. The message names the field but
 * not its value.
 */
export class JsonObject {
  private constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly name: string,
    /** The object that holds this one in its field `name`. */
    private readonly parent?: JsonObject,
  ) {}

  /**
   * @param name of the text, for error messages.
   * @throws PlatformError `CONTRACT_VIOLATED` if the text is not a JSON object.
   */
  static parse(text: string, name: string): JsonObject {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw contractViolated(`${name} is not JSON`, cause);
    }
    return JsonObject.of(value, name);
  }

  private static of(value: unknown, name: string, parent?: JsonObject): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw contractViolated(`${parent === undefined ? '' : `${parent.path}: `}${name} is not a JSON object`);
    return new JsonObject(value as Readonly<Record<string, unknown>>, name, parent);
  }

  /**
   * The place of the object in the record. It is built only for an error, to keep decoding fast.
   */
  private get path(): string {
    return this.parent === undefined ? this.name : `${this.parent.path}: ${this.name}`;
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined;
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string') throw this.wrong(name, 'a text');
    return value;
  }

  /** @returns undefined if the object has no such field. */
  optionalText(name: string): string | undefined {
    return this.fields[name] === undefined ? undefined : this.text(name);
  }

  /** One of several words. */
  word<T extends string>(name: string, words: readonly T[]): T {
    const value = this.fields[name];
    if (!words.includes(value as T)) throw this.wrong(name, `one of: ${words.join(', ')}`);
    return value as T;
  }

  flag(name: string): boolean {
    const value = this.fields[name];
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  wholeNumber(name: string, { min, max }: Bounds): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      throw this.wrong(name, `a whole number from ${min} to ${max}`);
    return value;
  }

  /** A number from 0 to 1. */
  share(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw this.wrong(name, 'a number from 0 to 1');
    return value;
  }

  /** @returns undefined if the object has no such field. */
  optionalWholeNumber(name: string, range: Bounds): number | undefined {
    return this.fields[name] === undefined ? undefined : this.wholeNumber(name, range);
  }

  instant(name: string): EpochMs {
    return this.wholeNumber(name, bounds.instantMs) as EpochMs;
  }

  object(name: string): JsonObject {
    return JsonObject.of(this.fields[name], name, this);
  }

  /** A list of objects. */
  objects(name: string): readonly JsonObject[] {
    const value = this.fields[name];
    if (!Array.isArray(value)) throw this.wrong(name, 'a list');
    return value.map((item, index) => JsonObject.of(item, `${name}[${index}]`, this));
  }

  /** A list of texts. @returns undefined if the object has no such field. */
  optionalTexts(name: string): readonly string[] | undefined {
    const value = this.fields[name];
    if (value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string'))) return value;
    throw this.wrong(name, 'a list of texts');
  }

  /** A text, or a list of texts. */
  textOrTexts(name: string): string | readonly string[] {
    const value = this.fields[name];
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.wrong(name, 'a text or a list of texts');
  }

  /** The error for a field that is missing or has another type. */
  private wrong(name: string, expected: string): Error {
    return contractViolated(`${this.path}: ${name} must be ${expected}`);
  }
}
