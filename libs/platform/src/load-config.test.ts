import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '#contracts';
import { documentConfig, loadConfig, Setting, settingGroupsOf, withSettings } from './load-config.ts';

class Base {
  @Setting({ env: 'BASE_SIZE_BYTES', description: 'A size.' })
  @IsInt()
  @Min(1)
  @Max(10)
  sizeBytes: number = 5;
}

class Config extends Base {
  @Setting({ env: 'OWN_SECRET', description: 'A secret.', isSecret: true })
  @IsString()
  secret!: string;

  @Setting({ env: 'OWN_LIST', description: 'A list.' })
  list: string[] = ['a'];

  @Setting({ env: 'OWN_SWITCH', description: 'A switch.' })
  @IsOptional()
  isOn?: boolean;

  faults(): string[] {
    return this.sizeBytes === 10 && this.isOn === true ? ['BASE_SIZE_BYTES: must be below 10 while OWN_SWITCH is on'] : [];
  }
}

const faultsOf = (env: Record<string, string>): string => {
  try {
    loadConfig(Config, env);
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'CONFIG_INVALID') return error.message;
  }
  throw new Error('the config was accepted');
};

class Limits {
  @Setting({ env: 'LIMIT_MAX', description: 'A limit.' })
  @IsInt()
  @Max(10)
  limitMax: number = 5;

  faults(): string[] {
    return this.limitMax === 7 ? ['LIMIT_MAX: must not be 7'] : [];
  }
}

class Grouped extends withSettings(Limits, Base) {
  @Setting({ env: 'GROUPED_NAME', description: 'A name.' })
  @IsString()
  name: string = 'n';

  faults(): string[] {
    return this.limitMax < this.sizeBytes ? ['LIMIT_MAX: must be at least BASE_SIZE_BYTES'] : [];
  }
}

class Nested extends withSettings(Grouped) {}

describe('loadConfig', () => {
  it('reads the variables that are set and keeps the defaults of the others', () => {
    const config = loadConfig(Config, { OWN_SECRET: 's', OWN_LIST: 'x, y', OWN_SWITCH: 'true', BASE_SIZE_BYTES: '' });
    expect({ ...config }).toEqual({ sizeBytes: 5, secret: 's', list: ['x', 'y'], isOn: true });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('reports all faults together', () => {
    const faults = faultsOf({ BASE_SIZE_BYTES: '11' });
    expect(faults).toContain('BASE_SIZE_BYTES');
    expect(faults).toContain('OWN_SECRET');
  });

  it.each(['ten', '1.5', ' ', 'NaN'])('refuses %j for a whole number', (text) => {
    expect(faultsOf({ OWN_SECRET: 's', BASE_SIZE_BYTES: text })).toContain('BASE_SIZE_BYTES');
  });

  it('shows no value in its error', () => {
    expect(faultsOf({ OWN_SECRET: 'hush', BASE_SIZE_BYTES: '4711' })).not.toMatch(/hush|4711/);
  });

  it('reports faults of relations between properties', () => {
    expect(faultsOf({ OWN_SECRET: 's', BASE_SIZE_BYTES: '10', OWN_SWITCH: '1' })).toContain('must be below 10');
  });

  it('documents every variable with its default', () => {
    expect(documentConfig(Config).map(({ env, fallback }) => [env, fallback])).toEqual([
      ['BASE_SIZE_BYTES', 5],
      ['OWN_SECRET', undefined],
      ['OWN_LIST', ['a']],
      ['OWN_SWITCH', undefined],
    ]);
  });
});

describe('a config class of several groups', () => {
  const reasonOf = (config: new () => object, env: Record<string, string>) => {
    try {
      return loadConfig(config, env) && 'accepted';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('has the settings of its groups and its own, each with the type its class declares', () => {
    expect({ ...loadConfig(Grouped, { LIMIT_MAX: '6', GROUPED_NAME: '8' }) }).toEqual({ limitMax: 6, sizeBytes: 5, name: '8' });
    expect(documentConfig(Grouped).map(({ env }) => env)).toEqual(['LIMIT_MAX', 'BASE_SIZE_BYTES', 'GROUPED_NAME']);
  });

  it('does not read a variable of a group that it does not have', () => {
    expect({ ...loadConfig(Limits, { BASE_SIZE_BYTES: '6' }) }).toEqual({ limitMax: 5 });
  });

  it.each([
    ['a value that a group refuses', { LIMIT_MAX: '11' }, 'LIMIT_MAX'],
    ['a relation that a group refuses', { LIMIT_MAX: '7' }, 'must not be 7'],
    ['a relation that the class itself refuses', { LIMIT_MAX: '4' }, 'at least BASE_SIZE_BYTES'],
  ])('reports %s, also if the class is a group of another one', (_what, env, reason) => {
    expect(reasonOf(Grouped, env)).toContain(reason);
    expect(reasonOf(Nested, env)).toContain(reason);
  });

  it('reports the faults of all groups together', () => {
    expect(reasonOf(Grouped, { LIMIT_MAX: '11', BASE_SIZE_BYTES: '0' })).toMatch(/LIMIT_MAX[^]*BASE_SIZE_BYTES/);
  });

  it('names its groups, those of a group included', () => {
    expect(settingGroupsOf(Nested)).toEqual([Limits, Base, Grouped]);
  });
});
