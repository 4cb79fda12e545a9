import { describe, expect, it } from 'vitest';
import type { FunctionUrn } from '#contracts';
import type { Registry } from '#registry';
import { aFunction } from '#testing';
import { ResolvedNames } from './resolved-names.ts';

/**
 * Names over a registry that knows every function but `missing`, and counts how often it is asked.
 */
function setUp() {
  const asked: string[] = [];
  let changed: Parameters<Registry['onChange']>[0] = () => undefined;
  const registry: Pick<Registry, 'functionByUrn' | 'versionByUrn' | 'policyOf' | 'project' | 'steeringOf' | 'onChange'> = {
    functionByUrn: ({ name }: FunctionUrn) => (asked.push(name), name === 'missing' ? undefined : aFunction({ name })),
    versionByUrn: ({ name }: FunctionUrn) => aFunction({ name }),
    policyOf: () => undefined,
    project: () => undefined,
    steeringOf: () => undefined,
    onChange(listener) {
      changed = listener;
      return () => undefined;
    },
  };
  const names = new ResolvedNames({ registry: registry as Registry, region: 'local' }, 3);
  return { names, asked, change: () => changed({ key: 'k' }), resolve: (name: string) => names.resolve(name, 'p1') };
}

describe('ResolvedNames', () => {
  it('forgets only the name used least recently when it holds one more than its bound', () => {
    const { asked, resolve } = setUp();
    for (const name of ['a', 'b', 'c', 'a', 'd']) resolve(name);
    for (const name of ['a', 'c', 'd']) resolve(name);
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    resolve('b');
    expect(asked).toEqual(['a', 'b', 'c', 'd', 'b']);
  });

  it('does not remember a name that stands for nothing', () => {
    const { asked, resolve } = setUp();
    for (const name of ['a', 'b', 'c', 'missing', 'missing', 'a', 'b', 'c']) resolve(name);
    expect(asked).toEqual(['a', 'b', 'c', 'missing', 'missing']);
  });

  it('forgets all names when the registry changes', () => {
    const { asked, change, resolve } = setUp();
    resolve('a');
    change();
    resolve('a');
    expect(asked).toEqual(['a', 'a']);
  });
});
