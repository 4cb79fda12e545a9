import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '#contracts';
import { documentConfig, loadConfig, Setting } from './load-config.ts';

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
