import type { FunctionDocument, Target } from '#contracts';
import type { TryResult } from '#lifecycle';
import type { Destination, Notification } from '../destination.ts';
import type { ChainedInvocations } from './chained-invocations.ts';
import { deferredOnAbort } from './deferred-on-abort.ts';

/** Delivers to a function: the message is the event of an asynchronous invocation. */
export class FunctionDestination implements Destination<'FunctionGraph'> {
  readonly isCheap = true;

  constructor(private readonly chained: ChainedInvocations) {}

  async deliver(notification: Notification, target: Target<'FunctionGraph'>, signal: AbortSignal): Promise<TryResult> {
    const { functionUrn, functionId } = target;
    const isMeant = ({ id }: FunctionDocument) => functionId === undefined || functionId === id;
    const event = notification.texts.default;
    return deferredOnAbort(signal, async () => this.chained.start(notification, { functionUrn, isMeant }, event));
  }
}
