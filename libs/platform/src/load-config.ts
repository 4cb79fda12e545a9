import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { PlatformError } from '#contracts';

/** How one property of a config class is read and documented. */
export interface SettingDescription {
  /** The environment variable. */
  readonly env: string;
  /** One sentence; a row of docs/config.md. */
  readonly description: string;
  /** Keeps the value out of every table, log and error. */
  readonly isSecret?: boolean;
}

/** One documented variable. */
export interface DocumentedSetting extends SettingDescription {
  readonly property: string;
  /** What holds where the variable is unset; absent where it is required or has none. */
  readonly fallback?: unknown;
}

type ConfigClass<T extends object> = new () => T;

const settings = new WeakMap<object, Map<string, SettingDescription>>();

/** Says which environment variable a property of a config class is read from. Its initialiser is the default. */
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

/** All variables of a config class, its base class's first. */
export function documentConfig(configClass: ConfigClass<object>): readonly DocumentedSetting[] {
  const defaults = new configClass() as Record<string, unknown>;
  return [...settingsOf(configClass)].map(([property, description]) => ({
    ...description,
    property,
    ...(defaults[property] === undefined ? {} : { fallback: defaults[property] }),
  }));
}

/** Texts become what the property is declared as; a text that is no number stays one and fails validation. */
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
 * Reads a config class from the environment: once, all faults together, no value printed.
 *
 * An empty variable counts as unset. A class may have `faults(): string[]` for relations between properties.
 * @returns the frozen config.
 * @throws PlatformError `CONFIG_INVALID` with a line per fault.
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
    throw new PlatformError('CONFIG_INVALID', { details: { reason: `the environment does not fit:\n  ${faults.join('\n  ')}` } });
  return Object.freeze(config);
}
