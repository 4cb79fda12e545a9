import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { PlatformError } from '#contracts';

/** The environment variable behind one property of a config class. */
export interface SettingDescription {
  /** The environment variable. */
  readonly env: string;
  /** One sentence, shown in docs/config.md. */
  readonly description: string;
  /** The value appears in no table, log or error. */
  readonly isSecret?: boolean;
}

/** A variable with its default, for docs/config.md. */
export interface DocumentedSetting extends SettingDescription {
  readonly property: string;
  /** The default. Absent if the variable is required or has no default. */
  readonly fallback?: unknown;
}

type ConfigClass<T extends object> = new () => T;

const settings = new WeakMap<object, Map<string, SettingDescription>>();

/**
 * Reads a property of a config class from an environment variable. The initialiser of the property
 * is the default.
 */
export function Setting(description: SettingDescription): PropertyDecorator {
  return (prototype, property) => {
    const own = settings.get(prototype) ?? new Map<string, SettingDescription>();
    own.set(String(property), description);
    settings.set(prototype, own);
  };
}

function settingsOf(configClass: ConfigClass<object>): Map<string, SettingDescription> {
  const all: Map<string, SettingDescription>[] = [];
  for (
    let prototype: object | null = configClass.prototype as object;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    all.unshift(settings.get(prototype) ?? new Map());
  }
  return new Map(all.flatMap((own) => [...own]));
}

/** All variables of a config class, those of its base class first. */
export function documentConfig(configClass: ConfigClass<object>): readonly DocumentedSetting[] {
  const defaults = new configClass() as Record<string, unknown>;
  return [...settingsOf(configClass)].map(([property, description]) => ({
    ...description,
    property,
    ...(defaults[property] === undefined ? {} : { fallback: defaults[property] }),
  }));
}

/**
 * Converts a text to the declared type of the property. A text that is not a number becomes NaN,
 * which fails validation.
 */
function coerce(text: string, type: unknown): unknown {
  if (type === Number) return text.trim() === '' ? Number.NaN : Number(text);
  if (type === Boolean) return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  if (type === Array)
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return text;
}

/**
 * Reads a config class from the environment. An empty variable counts as unset. A class checks
 * relations between its properties in a method `faults(): string[]`.
 * @returns the frozen config.
 * @throws PlatformError `CONFIG_INVALID` with one line for each fault. No line shows a value.
 */
export function loadConfig<T extends object>(
  configClass: ConfigClass<T>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<T> {
  const described = settingsOf(configClass);
  const given: Record<string, unknown> = {};
  for (const [property, { env: name }] of described) {
    const text = env[name];
    if (text !== undefined && text !== '')
      given[property] = coerce(text, Reflect.getMetadata('design:type', configClass.prototype as object, property));
  }
  const config = plainToInstance(configClass, given, { exposeDefaultValues: true });
  const faults = validateSync(config, { forbidUnknownValues: false }).map(
    ({ property, constraints }) => `${described.get(property)?.env ?? property}: ${Object.values(constraints ?? {}).join(', ')}`,
  );
  if (faults.length === 0) faults.push(...((config as { faults?: () => string[] }).faults?.() ?? []));
  if (faults.length > 0)
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: `the environment variables are not valid:\n  ${faults.join('\n  ')}` },
    });
  return Object.freeze(config);
}
