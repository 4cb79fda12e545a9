/**
 * Goal: an upgrade and a rollback lose nothing that was accepted, and lead to no rejects. Method: a
 * real installation under load. Its services are replaced one after the other, in both orders.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, expect } from 'vitest';
import { type Service, services } from '#contracts';
import { type FaultContext, type Scenario, scenariosOn } from '../fault/scenario.ts';
import { nextRelease } from './next-release.ts';
import { RollingCheckout } from './rolling-checkout.ts';

const lastRelease = process.env['LAST_RELEASE_DIR'];
if (lastRelease === undefined) throw new Error('start this test with: npm run test:upgrade');
const thisRelease = process.cwd();

const fromLast = await RollingCheckout.of(lastRelease);
const fromThis = await RollingCheckout.of(thisRelease);
const next = await nextRelease();
afterAll(async () => {
  await Promise.all([fromLast.remove(), fromThis.remove(), rm(next, { recursive: true, force: true })]);
});

const backwards = [...services].reverse();
const sideBySideMs = { short: 1_500, long: 10_000 };

/** Records that were rejected since the installation began. */
async function rejectsOf({ world }: FaultContext): Promise<number> {
  const admin = new Kafka({ ...world.kafkaOptions, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(`${world.topicPrefix}rejects`);
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Replaces all services by those of another build, one after the other. */
function roll(checkout: RollingCheckout, order: readonly Service[], build: string): Scenario {
  return {
    // Invocations wait while a service joins its group.
    usualMs: 5_000,
    // A rollback may lead to a release that had no ledger yet.
    hasLedger: existsSync(join(build, 'dist/apps/status-logger/src/ledger-check.js')),
    testTimeoutMs: 600_000,
    async fault({ world, lasts }) {
      for (const service of order)
        if (build === lastRelease && service === 'status-logger') await checkout.rollBackStatusLogger(world, build);
        else await checkout.replace(world, service, build, async () => lasts(sideBySideMs));
    },
    // An invocation runs again if its partition moves before its outcome is committed.
    bounds: { repeats: 200, recoveryMs: 400_000 },
    async after(context) {
      expect.soft(await rejectsOf(context), 'rejects').toBe(0);
    },
  };
}

const between = scenariosOn({ brokers: 1, checkout: fromLast.folder });

between('upgrade from the last release, ingress first', roll(fromLast, services, thisRelease));
between('rollback to the last release, status-logger first', roll(fromLast, backwards, lastRelease));
between('upgrade from the last release, status-logger first', roll(fromLast, backwards, thisRelease));
between('rollback to the last release, ingress first', roll(fromLast, services, lastRelease));

const toNext = scenariosOn({ brokers: 1, checkout: fromThis.folder });

toNext('upgrade to a release whose records this one cannot read', {
  ...roll(fromThis, services, next),
  async after(context) {
    expect.soft(await rejectsOf(context), 'rejects').toBe(0);
    const waiting = context.world.installation.output.filter((line) => line.includes('RECORD_TOO_NEW'));
    console.log(`lines about records that waited: ${waiting.length}`);
    expect.soft(waiting.length, 'lines about records that waited').toBeGreaterThan(0);
  },
});
