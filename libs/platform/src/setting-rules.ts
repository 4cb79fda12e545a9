import { getMetadataStorage } from 'class-validator';
import { documentConfig, settingGroupsOf } from './load-config.ts';

/** The values that a variable may have. */
export interface SettingRule {
  /** A whole number, one of some words, or true, false, 1 or 0. */
  readonly kind: 'integer' | 'choice' | 'boolean';
  /** Least value of an integer. Absent if it has none. */
  readonly min?: number;
  /** Largest value of an integer. Absent if it has none. */
  readonly max?: number;
  /** The words of a choice. */
  readonly words?: readonly string[];
}

type Validator = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** The rule that some validators of one property make. @returns undefined if they check a text. */
function ruleOf(validators: readonly Validator[]): SettingRule | undefined {
  const first = (name: string) => validators.find((each) => each.name === name && !each.each)?.constraints?.[0] as unknown;
  const has = (name: string) => validators.some((each) => each.name === name && !each.each);
  if (has('isBoolean')) return { kind: 'boolean' };
  if (has('isIn')) return { kind: 'choice', words: first('isIn') as readonly string[] };
  if (!has('isInt')) return undefined;
  const [min, max] = [first('min'), first('max')] as [number | undefined, number | undefined];
  return { kind: 'integer', ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

/**
 * The rules of a config class and its groups, by variable. Tools check values with them that run
 * before a service does. Variables with any text are absent.
 */
export function settingRulesOf(configClass: new () => object): ReadonlyMap<string, SettingRule> {
  const validators = [configClass, ...settingGroupsOf(configClass)].flatMap((part) =>
    getMetadataStorage().getTargetValidationMetadatas(part, '', false, false),
  );
  const rules = documentConfig(configClass).map(({ env, property }) => {
    const rule = ruleOf(validators.filter((each) => each.propertyName === property));
    return [env, rule] as const;
  });
  return new Map(rules.filter((entry): entry is [string, SettingRule] => entry[1] !== undefined));
}
