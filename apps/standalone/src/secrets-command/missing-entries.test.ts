import { describe, expect, it } from 'vitest';
import { serviceKeysOf } from '#platform';
import { type Entries, missingEntries } from './missing-entries.ts';

describe('the entries that a Secret lacks', () => {
  it('are all entries for an empty Secret, and none afterwards', async () => {
    const made = await missingEntries({});
    expect(Object.keys(made)).toEqual(
      expect.arrayContaining(['platform-key', 'functions-key', 'token', 'kafka-executor-password', 'kafka-setup-password']),
    );
    expect(await missingEntries(made)).toEqual({});
  });

  it('are made anew for each Secret', async () => {
    const [one, other]: readonly Entries[] = [await missingEntries({}), await missingEntries({})];
    expect(Object.keys(one ?? {}).filter((name) => one?.[name] === other?.[name])).toEqual([]);
  });

  it('are derived from the platform key that is present', async () => {
    const platformKey = 'a-platform-key-of-32-characters-at-least';
    const { functionsKey, subscriptionKey, publicKeys } = await serviceKeysOf({ platformKey, publicKeys: [] });
    expect(await missingEntries({ 'platform-key': platformKey })).toMatchObject({
      'functions-key': functionsKey,
      'subscription-key': subscriptionKey,
      'public-keys': publicKeys.join(','),
    });
  });

  it('never include one that is present', async () => {
    const made = await missingEntries({ token: 'kept', 'platform-key': 'a-platform-key-of-32-characters-at-least' });
    expect(Object.keys(made)).not.toContain('token');
    expect(Object.keys(made)).not.toContain('platform-key');
  });

  it('are refused if a derived key has lost its platform key', async () => {
    await expect(missingEntries({ 'functions-key': 'kept' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('may stand in a URL, as the password of the database does', async () => {
    expect((await missingEntries({}))['postgresql-password']).toMatch(/^[\w-]{40,}$/);
  });
});
