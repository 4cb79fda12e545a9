/**
 * Goal: a start that cannot be tells all that is wrong, at once, and harms nobody. Method: `npm
 * start` without npm, with an environment or a folder that does not fit.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from './installation.ts';

const ownNamespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const hasNamespaces = spawnSync('unshare', [...ownNamespace.slice(1), 'true']).status === 0;

/** @returns what a start says that must fail. */
async function failedStart(options: Parameters<typeof Installation.start>[0]): Promise<string> {
  const outcome = await Installation.start(options).then(
    async (installation) => {
      await installation.stop({ keepData: true });
      return undefined;
    },
    (error: Error) => error.message,
  );
  return outcome ?? expect.fail('it started');
}

describe('a start with an environment that does not fit', () => {
  it('names every fault of every service together', async () => {
    const env = { NOTIFIER_TRIES_MAX: 'many', STATUS_LOG_FILES: '0', INGRESS_ACCEPT_TIMEOUT_MS: '-1' };
    const said = await failedStart({ brokers: inject('kafkaBrokers'), env });
    for (const name of Object.keys(env)) expect(said).toContain(name);
    expect(said).not.toContain('many');
  });

  it('names the faults of the ingress where only those are there', async () => {
    expect(await failedStart({ brokers: inject('kafkaBrokers'), env: { INGRESS_ACCEPT_TIMEOUT_MS: '-1' } })).toContain(
      'INGRESS_ACCEPT_TIMEOUT_MS',
    );
  });
});

describe('a data folder that is in use', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  });
  afterAll(async () => installation?.stop());

  const refusal = /another process, perhaps in another container, uses .*: stop it, or choose another SENDOFF_DATA_DIR/;
  const again = async (prefix: readonly string[]) =>
    failedStart({ brokers: inject('kafkaBrokers'), dataDir: installation.dataDir, prefix });

  it('is refused to a second installation, and the first goes on', async () => {
    expect(await again([])).toMatch(refusal);
    expect((await installation.client.call('GET', '/fgs/functions')).status).toBe(200);
  });

  it.skipIf(!hasNamespaces)('is refused to an installation in another container, where process ids mean others', async () => {
    expect(await again(ownNamespace)).toMatch(refusal);
    expect((await installation.client.call('GET', '/fgs/functions')).status).toBe(200);
  });
});
