import { IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { expect, it } from 'vitest';
import { Setting, withSettings } from './load-config.ts';
import { settingRulesOf } from './setting-rules.ts';

class Group {
  @Setting({ env: 'G', description: 'A number of the group.' })
  @IsInt()
  @Min(0)
  count: number = 1;
}

class Config extends withSettings(Group) {
  @Setting({ env: 'A', description: 'A number.' })
  @IsInt()
  @Min(1)
  @Max(9)
  some: number = 1;

  @Setting({ env: 'B', description: 'A choice.' })
  @IsIn(['one', 'two'])
  choice: string = 'one';

  @Setting({ env: 'C', description: 'A claim.' })
  @IsOptional()
  @IsBoolean()
  isOn?: boolean;

  @Setting({ env: 'D', description: 'A text.' })
  @IsOptional()
  @IsString()
  text?: string;

  @Setting({ env: 'E', description: 'A list of words.' })
  @IsArray()
  @IsIn(['x'], { each: true })
  list: string[] = [];
}

it('gives the rules of a config class and of its groups, and none for a text or a list', () => {
  expect(Object.fromEntries(settingRulesOf(Config))).toEqual({
    G: { kind: 'integer', min: 0 },
    A: { kind: 'integer', min: 1, max: 9 },
    B: { kind: 'choice', words: ['one', 'two'] },
    C: { kind: 'boolean' },
  });
});
