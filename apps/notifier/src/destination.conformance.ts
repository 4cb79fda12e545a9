/**
 * Goal: every adapter keeps the numbered promises of the port `Destination`.
 * Method: each adapter runs these tests against a target that it brings. The adapter declares what
 * its target can be made to do; a test that needs more is skipped and says so.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryTarget, DeliveryTargetType } from '#contracts';
import { aSettlement } from '#testing';
import type { Destination } from './destination.ts';
import { notificationOf } from './notification-of.ts';

/** An adapter with a target, and what a test can do with that target. */
export interface DestinationUnderTest<Type extends DeliveryTargetType> {
  readonly destination: Destination<Type>;
  readonly target: DeliveryTarget<Type>;
  /** A target that can never take a message. Absent if this kind takes every message. */
  readonly refusing?: DeliveryTarget<Type>;
  /** All messages that the target holds. */
  received(): Promise<readonly string[]>;
  /** True if a repeated delivery is a second message, false if it overwrites the first. */
  readonly keepsCopies: boolean;
  /** Makes the target stop answering. Absent if a target of this kind cannot hang in a test. */
  readonly hang?: () => void;
  /** Ways in which the target can fail, by name. Each lasts until the next one is chosen. */
  readonly failures: Readonly<Record<string, () => Promise<void> | void>>;
  /** Texts that neither a reason nor a location may contain. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

/** Runs the tests of the promises for one adapter. @param open makes a new adapter and target. */
export function destinationConformance<Type extends DeliveryTargetType>(
  name: string,
  open: () => Promise<DestinationUnderTest<Type>>,
): void {
  describe(`${name} as a destination`, () => {
    let under: DestinationUnderTest<Type>;
    const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
    const message = notification.texts.default;
    const never = new AbortController().signal;
    const deliver = (target = under.target, signal = never) => under.destination.deliver(notification, target, signal);
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => under.close());

    it('1. delivers the message unchanged, and says where it is', async () => {
      expect(await deliver()).toMatchObject({ kind: 'delivered', location: expect.stringMatching(/\w/) });
      expect(await under.received()).toEqual([message]);
    });

    it('2. delivers a repeat as well', async () => {
      await deliver();
      expect(await deliver()).toMatchObject({ kind: 'delivered' });
      expect(await under.received()).toEqual(Array(under.keepsCopies ? 2 : 1).fill(message));
    });

    it('3. refuses a delivery that can never succeed, with a reason', async ({ skip }) => {
      if (under.refusing === undefined) return skip('this kind of target takes every message');
      expect(await deliver(under.refusing)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/\w/) });
    });

    it('4. defers a try whose signal has aborted before it begins, and sends nothing', async () => {
      expect(await deliver(under.target, AbortSignal.abort())).toMatchObject({
        kind: 'deferred',
        reason: expect.stringMatching(/\w/),
      });
      expect(await under.received()).toEqual([]);
    });

    it('4. defers a try as soon as its signal aborts, while the target does not answer', async ({ skip }) => {
      if (under.hang === undefined) return skip('a target of this kind cannot be made to hang');
      under.hang();
      const timeout = new AbortController();
      const delivery = deliver(under.target, timeout.signal);
      await new Promise(setImmediate);
      timeout.abort();
      expect(await delivery).toMatchObject({ kind: 'deferred', reason: expect.stringMatching(/\w/) });
    });

    it('5. resolves with a reason in whatever way the target fails', async () => {
      for (const [failure, begin] of Object.entries(under.failures)) {
        await begin();
        const delivery = await deliver();
        expect([failure, delivery]).toEqual([
          failure,
          expect.objectContaining({ kind: expect.stringMatching(/^(deferred|refused)$/), reason: expect.stringMatching(/\w/) }),
        ]);
      }
    });

    it('6. names no secret in a reason or a location', async () => {
      const texts = [JSON.stringify(await deliver())];
      if (under.refusing !== undefined) texts.push(JSON.stringify(await deliver(under.refusing)));
      for (const begin of Object.values(under.failures)) {
        await begin();
        texts.push(JSON.stringify(await deliver()));
      }
      for (const secret of under.secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    });
  });
}
