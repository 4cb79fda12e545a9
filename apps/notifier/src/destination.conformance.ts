import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryTarget, DeliveryTargetType } from '#contracts';
import { aSettlement } from '#testing';
import type { Destination } from './destination.ts';
import { notificationOf } from './notification-of.ts';

/** A destination with a target that takes what it is sent, and a way to look there. */
export interface DestinationUnderTest<Type extends DeliveryTargetType> {
  readonly destination: Destination<Type>;
  readonly target: DeliveryTarget<Type>;
  /** A target of the same kind that will never take anything; undefined where there is none. */
  readonly refusing?: DeliveryTarget<Type>;
  /** All that the target has, as texts; a repeat that overwrites itself is there once. */
  received(): Promise<readonly string[]>;
  /** Does the target tell two deliveries of the same notification apart? An object store overwrites. */
  readonly keepsCopies: boolean;
  close(): Promise<void>;
}

/** The promises of a destination. */
export function destinationConformance<Type extends DeliveryTargetType>(
  name: string,
  open: () => Promise<DestinationUnderTest<Type>>,
): void {
  describe(`${name} as a destination`, () => {
    let under: DestinationUnderTest<Type>;
    const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
    const message = notification.texts.default;
    const never = new AbortController().signal;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => under.close());

    it('delivers the message as it is, and says where it lies', async () => {
      const delivery = await under.destination.deliver(notification, under.target, never);
      expect(delivery).toMatchObject({ kind: 'delivered', location: expect.any(String) });
      expect(await under.received()).toEqual([message]);
    });

    it('bears a repeat', async () => {
      await under.destination.deliver(notification, under.target, never);
      expect(await under.destination.deliver(notification, under.target, never)).toMatchObject({ kind: 'delivered' });
      expect(await under.received()).toEqual(Array(under.keepsCopies ? 2 : 1).fill(message));
    });

    it('refuses what will never pass, with a reason', async ({ skip }) => {
      if (under.refusing === undefined) return skip('this kind of target takes everything');
      expect(await under.destination.deliver(notification, under.refusing, never)).toMatchObject({
        kind: 'refused',
        reason: expect.stringMatching(/\w/),
      });
    });
  });
}
