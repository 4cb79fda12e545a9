import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSealer, Sealer } from './sealer.ts';

const key = 'k'.repeat(32);

describe('Sealer', () => {
  const sealer = new Sealer(key);

  it('opens a text it has sealed, and seals the same text differently each time', () => {
    const [one, other] = [sealer.seal('sésame', 'credential/A'), sealer.seal('sésame', 'credential/A')];
    expect(one).not.toBe(other);
    expect(one).not.toContain('sésame');
    expect([sealer.open(one, 'credential/A'), sealer.open(other, 'credential/A')]).toEqual(['sésame', 'sésame']);
    expect(sealer.open(sealer.seal('', 'a'), 'a')).toBe('');
  });

  const sealed = sealer.seal('secret', 'credential/A');
  const flipped = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
  it.each<[string, Sealer, string, string]>([
    ['for another owner', sealer, sealed, 'credential/B'],
    ['under another key', new Sealer('x'.repeat(32)), sealed, 'credential/A'],
    ['and was changed', sealer, flipped, 'credential/A'],
    ['of another form', sealer, 'secret', 'credential/A'],
    ['cut short', sealer, sealed.slice(0, 12), 'credential/A'],
  ])('refuses to open a text sealed %s', (_what, opener, text, owner) => {
    expect(() => opener.open(text, owner)).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
  });
});

describe('openSealer', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-sealer-'));
    await writeFile(join(folder, 'good'), `${key}\n`);
    await writeFile(join(folder, 'short'), 'short\n');
  });
  afterAll(async () => rm(folder, { recursive: true }));

  it('reads the key from the environment or from a file', async () => {
    const sealed = (await openSealer({ platformKey: key })).seal('secret', 'a');
    expect((await openSealer({ platformKeyFile: join(folder, 'good') })).open(sealed, 'a')).toBe('secret');
  });

  it.each([
    ['no key', {}],
    ['two keys', { platformKey: key, platformKeyFile: 'good' }],
    ['a short key', { platformKey: 'short' }],
    ['a file with a short key', { platformKeyFile: 'short' }],
    ['a file that does not exist', { platformKeyFile: 'absent' }],
  ])('refuses %s', async (_what, { platformKey, platformKeyFile }: { platformKey?: string; platformKeyFile?: string }) => {
    const given = {
      ...(platformKey === undefined ? {} : { platformKey }),
      ...(platformKeyFile === undefined ? {} : { platformKeyFile: join(folder, platformKeyFile) }),
    };
    await expect(openSealer(given)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
