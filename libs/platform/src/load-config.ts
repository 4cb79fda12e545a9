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

/** The instance type that has the properties of all the given instance types. */
type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;

const settings = new WeakMap<object, Map<string, SettingDescription>>();
const groups = new WeakMap<object, readonly ConfigClass<object>[]>();

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

/**
 * Makes the base class of a config that has the settings of several groups. A group is a config
 * class too. Its method `faults` is called with the others and is not inherited.
 */
export function withSettings<Groups extends readonly ConfigClass<object>[]>(
  ...members: Groups
): ConfigClass<Omit<Intersection<InstanceType<Groups[number]>>, 'faults'>> {
  class Composed {
    constructor() {
      for (const Group of members) Object.assign(this, new Group());
    }
  }
  groups.set(Composed.prototype, members);
  return Composed as ConfigClass<Omit<Intersection<InstanceType<Groups[number]>>, 'faults'>>;
}

/** A class and its base classes, the last base class first. */
function lineOf(configClass: ConfigClass<object>): readonly object[] {
  const line: object[] = [];
  for (
    let prototype: object | null = configClass.prototype as object;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  )
    line.unshift(prototype);
  return line;
}

/** The groups that a config class is composed of, each once. */
export function settingGroupsOf(configClass: ConfigClass<object>): readonly ConfigClass<object>[] {
  const members = lineOf(configClass).flatMap((prototype) => groups.get(prototype) ?? []);
  return [...new Set(members.flatMap((group) => [...settingGroupsOf(group), group]))];
}

function settingsOf(configClass: ConfigClass<object>): Map<string, SettingDescription> {
  const all = [...settingGroupsOf(configClass), configClass].flatMap((part) => lineOf(part));
  return new Map(all.flatMap((prototype) => [...(settings.get(prototype) ?? [])]));
}

/** The declared type of a property, from the config class or the group that declares it. */
function typeOf(configClass: ConfigClass<object>, property: string): unknown {
  return [configClass, ...settingGroupsOf(configClass)]
    .map((part) => Reflect.getMetadata('design:type', part.prototype as object, property) as unknown)
    .find((type) => type !== undefined);
}

/** All variables of a config class, those of its groups and of its base class first. */
export function documentConfig(configClass: ConfigClass<object>): readonly DocumentedSetting[] {
  const defaults = new configClass() as Record<string, unknown>;
  return [...settingsOf(configClass)].map(([property, description]) => ({
    ...description,
    property,
    ...(defaults[property] === undefined ? {} : { fallback: defaults[property] }),
  }));
}

/** Faults of single values by the rules of one config class or group. */
function valueFaults(config: object, described: ReadonlyMap<string, SettingDescription>): readonly string[] {
  return validateSync(config, { forbidUnknownValues: false }).map(
    ({ property, constraints }) => `${described.get(property)?.env ?? property}: ${Object.values(constraints ?? {}).join(', ')}`,
  );
}

function relationFaults(config: object): readonly string[] {
  return (config as { faults?: () => readonly string[] }).faults?.() ?? [];
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
 * Reads a config class from the environment. An empty variable counts as unset. A class or group
 * checks relations between its properties in a method `faults(): string[]`.
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
    if (text !== undefined && text !== '') given[property] = coerce(text, typeOf(configClass, property));
  }
  const config = Object.assign(new configClass(), given);
  // class-validator finds the rules of a group on an instance of the group alone.
  const views = settingGroupsOf(configClass).map(({ prototype }) =>
    Object.assign(Object.create(prototype as object) as object, config),
  );
  const parts = [...views, config];
  const faults = parts.flatMap((part) => valueFaults(part, described));
  if (faults.length === 0) faults.push(...parts.flatMap((part) => relationFaults(part)));
  if (faults.length > 0)
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: 'the environment variables are not valid:', lines: faults },
    });
  return Object.freeze(config);
}
