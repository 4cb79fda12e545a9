import { ApiError } from '../http/api-error.ts';

/**
 * The `param` of one side of a policy, read field by field. Every method throws ApiError FSS.0400,
 * which names the field.
 */
export class TargetParam {
  /** The path of the field in the body, for error messages. */
  readonly path: string;
  private readonly fields: Readonly<Record<string, unknown>>;

  /** @param side `on_success` or `on_failure`. @param text a JSON object. */
  constructor(side: string, text: string | undefined) {
    this.path = `destination_config.${side}.param`;
    this.fields = this.parsed(text);
  }

  /** Refuses fields that the kind of destination does not have. */
  allowOnly(...names: readonly string[]): void {
    const unknown = Object.keys(this.fields).find((name) => !names.includes(name));
    if (unknown !== undefined) throw this.refused(unknown, 'is not known');
  }

  /** @returns undefined if the field is missing. */
  value(name: string): unknown {
    return this.fields[name];
  }

  /** @param rule the rest of the error message, e.g. `must be a function URN`. */
  text(name: string, isValid: (text: string) => boolean, rule: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string' || !isValid(value)) throw this.refused(name, rule);
    return value;
  }

  /** The error for a field that breaks its rule. */
  refused(name: string, rule: string): ApiError {
    return new ApiError('FSS.0400', `${this.path}.${name} ${rule}`);
  }

  private parsed(text: string | undefined): Readonly<Record<string, unknown>> {
    try {
      const fields = JSON.parse(text ?? '') as unknown;
      if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields as Record<string, unknown>;
    } catch {
      // A text that is not JSON gets the same answer as JSON that is not an object.
    }
    throw new ApiError('FSS.0400', `${this.path} must be a JSON object in a string`);
  }
}
