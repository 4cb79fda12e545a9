import { describe, expect, it } from 'vitest';
import { formatFunctionUrn, type FunctionUrn } from '#contracts';
import { aFunction, builtAt } from '#testing';
import { KnownFunctions } from './known-functions.ts';

const urn = 'urn:fss:local:p1:function:default:hello:latest';

describe('KnownFunctions', () => {
  it('asks the registry once, until the registry changes', () => {
    const asked: string[] = [];
    let change: () => void = () => undefined;
    let paused = false;
    const functions = new KnownFunctions(
      {
        versionByUrn: (of: FunctionUrn) => {
          asked.push(formatFunctionUrn(of));
          return aFunction();
        },
        steeringOf: () =>
          paused
            ? { kind: 'steering', functionUrn: 'f', functionId: 'i', project: 'p1', execution: { since: builtAt, by: 'k' } }
            : undefined,
        onChange: (listener) => {
          change = () => listener({} as Parameters<typeof listener>[0]);
          return () => undefined;
        },
      },
      'local',
    );
    expect([functions.documentOf(urn)?.name, functions.pausedSince(urn), functions.documentOf(urn)?.name]).toEqual([
      'hello',
      undefined,
      'hello',
    ]);
    paused = true;
    expect(functions.pausedSince(urn)).toBeUndefined();
    change();
    expect(functions.pausedSince(urn)).toBe(builtAt);
    expect(asked).toEqual([urn, urn]);
  });

  it('knows no function by a text that is no URN', () => {
    const functions = new KnownFunctions(
      { versionByUrn: () => aFunction(), steeringOf: () => undefined, onChange: () => () => undefined },
      'local',
    );
    expect([functions.documentOf('urn:x'), functions.pausedSince('urn:x')]).toEqual([undefined, undefined]);
  });
});
