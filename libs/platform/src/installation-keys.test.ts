import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openFunctionsSealer,
  openInstallationKeys,
  openSubscriptionSealer,
  openVerifier,
  serviceKeysOf,
} from './installation-keys.ts';

const platformKey = 'k'.repeat(32);
const ingress = { platformKey, publicKeys: [] };
const content = Buffer.from('content');
const isInvalid = { code: 'CONFIG_INVALID' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-keys-'));
  await writeFile(join(folder, 'good'), `${platformKey}\n`);
  await writeFile(join(folder, 'short'), 'short\n');
});
afterAll(async () => rm(folder, { recursive: true }));

describe('the keys of an installation', () => {
  it('are the same from the environment and from a file', async () => {
    const sealed = (await openInstallationKeys(ingress)).functions.seal('secret', 'a');
    const fromFile = await openInstallationKeys({ platformKeyFile: join(folder, 'good'), publicKeys: [] });
    expect(fromFile.functions.open(sealed, 'a')).toBe('secret');
  });

  it.each([
    ['no key', {}],
    ['two keys', { platformKey, platformKeyFile: 'good' }],
    ['a short key', { platformKey: 'short' }],
    ['a file with a short key', { platformKeyFile: 'short' }],
    ['a file that does not exist', { platformKeyFile: 'absent' }],
  ])('are refused: %s', async (_what, { platformKey, platformKeyFile }: { platformKey?: string; platformKeyFile?: string }) => {
    const given = {
      publicKeys: [],
      ...(platformKey === undefined ? {} : { platformKey }),
      ...(platformKeyFile === undefined ? {} : { platformKeyFile: join(folder, platformKeyFile) }),
    };
    await expect(openInstallationKeys(given)).rejects.toMatchObject(isInvalid);
  });

  it('of one service open nothing of another one', async () => {
    const keys = await openInstallationKeys(ingress);
    const { functionsKey, subscriptionKey } = await serviceKeysOf(ingress);
    const executor = await openFunctionsSealer({ functionsKey });
    const notifier = await openSubscriptionSealer({ subscriptionKey });
    expect(executor.open(keys.functions.seal('user data', 'a'), 'a')).toBe('user data');
    expect(notifier.open(keys.subscriptions.seal('webhook', 'a'), 'a')).toBe('webhook');
    for (const sealer of [executor, notifier])
      expect(() => sealer.open(keys.accessKeys.seal('secret key', 'a'), 'a')).toThrow('SECRET_UNREADABLE');
    expect(() => executor.open(keys.subscriptions.seal('webhook', 'a'), 'a')).toThrow('SECRET_UNREADABLE');
    expect(() => notifier.open(keys.functions.seal('user data', 'a'), 'a')).toThrow('SECRET_UNREADABLE');
  });

  it('are derived by a service that was given the platform key', async () => {
    const keys = await openInstallationKeys(ingress);
    expect((await openFunctionsSealer({ platformKey })).open(keys.functions.seal('a', 'b'), 'b')).toBe('a');
    expect((await openSubscriptionSealer({ platformKey })).open(keys.subscriptions.seal('a', 'b'), 'b')).toBe('a');
    const verifier = await openVerifier({ platformKey, publicKeys: [] });
    expect(verifier.isValid('registry document', content, keys.signer.sign('registry document', content))).toBe(true);
  });

  it('are missed with a message that names the variable', async () => {
    await expect(openFunctionsSealer({})).rejects.toThrow(/SENDOFF_FUNCTIONS_KEY/);
    await expect(openSubscriptionSealer({})).rejects.toThrow(/SENDOFF_SUBSCRIPTION_KEY/);
    await expect(openVerifier({ publicKeys: [] })).rejects.toThrow(/SENDOFF_PUBLIC_KEYS/);
  });
});

describe('a signature of the ingress', () => {
  it('is verified with the public key alone, and counts for one kind and one content', async () => {
    const { signer } = await openInstallationKeys(ingress);
    const verifier = await openVerifier({ publicKeys: [...(await serviceKeysOf(ingress)).publicKeys] });
    const signature = signer.sign('registry document', content);
    expect(verifier.isValid('registry document', content, signature)).toBe(true);
    expect(verifier.isValid('internal token', content, signature)).toBe(false);
    expect(verifier.isValid('registry document', Buffer.from('Content'), signature)).toBe(false);
    expect(verifier.isValid('registry document', content, Buffer.alloc(64))).toBe(false);
    expect(verifier.isValid('registry document', content, Buffer.alloc(0))).toBe(false);
  });

  it('counts under the old and the new key while the signing key is replaced', async () => {
    const signingKey = 'a new signing key of 32 characters or more';
    const old = await openInstallationKeys(ingress);
    const renewed = await openInstallationKeys({ platformKey, signingKey, publicKeys: [old.signer.publicKey] });
    const { publicKeys } = await serviceKeysOf({ platformKey, signingKey, publicKeys: [old.signer.publicKey] });
    expect(publicKeys).toEqual([renewed.signer.publicKey, old.signer.publicKey]);
    for (const verifier of [renewed.verifier, await openVerifier({ publicKeys: [...publicKeys] })])
      for (const { signer } of [old, renewed])
        expect(verifier.isValid('registry document', content, signer.sign('registry document', content))).toBe(true);
  });
});
