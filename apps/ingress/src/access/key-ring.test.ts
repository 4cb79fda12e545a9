import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type CredentialDocument, credentialKey } from '#contracts';
import { Sealer } from '#platform';
import type { Registry } from '#registry';
import { KeyRing } from './key-ring.ts';

/** Counts how often a secret is decrypted. */
class CountingSealer extends Sealer {
  readonly opened: string[] = [];

  override open(sealed: string, owner: string): string {
    this.opened.push(owner);
    return super.open(sealed, owner);
  }
}

/** A key ring of at most three secrets, over a registry in which every access key exists. */
function setUp(sealedUnder = 'k'.repeat(32), functions: readonly string[] = []) {
  const sealer = new CountingSealer('k'.repeat(32));
  const credential = (accessKey: string) => ({
    accessKey,
    project: 'p1',
    rights: [],
    functions,
    isEnabled: true,
    secret: new Sealer(sealedUnder).seal(`secret of ${accessKey}`, credentialKey(accessKey)),
  });
  const registry = {
    credential: (accessKey: string) => credential(accessKey) as unknown as CredentialDocument,
    onChange: () => () => undefined,
  } as unknown as Registry;
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  return { ring: new KeyRing({ registry, sealer, logger, first: undefined }, 3), sealer, lines };
}

describe('KeyRing', () => {
  it('forgets only the secret used least recently when it holds one more than its bound', () => {
    const { ring, sealer } = setUp();
    for (const accessKey of ['a', 'b', 'c', 'a', 'd']) ring.find(accessKey);
    for (const accessKey of ['a', 'c', 'd']) expect(ring.find(accessKey)?.secret).toBe(`secret of ${accessKey}`);
    expect(sealer.opened).toEqual(['a', 'b', 'c', 'd'].map(credentialKey));
    ring.find('b');
    expect(sealer.opened).toHaveLength(5);
  });

  it.each<[functions: string[], patterns: string[]]>([
    [['*'], ['*']],
    [['team-*'], []],
  ])('reads a key for functions %j that names no agencies and topics as one for %j', (functions, patterns) => {
    const { ring } = setUp(undefined, functions);
    expect(ring.find('a')?.caller).toMatchObject({ functions, agencies: patterns, topics: patterns });
  });

  it('logs once, not on each request, that the secret of an access key cannot be decrypted', () => {
    const { ring, lines } = setUp('another key, of thirty-two letters');
    expect([ring.find('a'), ring.find('a')]).toEqual([undefined, undefined]);
    expect(lines).toHaveLength(1);
  });
});
