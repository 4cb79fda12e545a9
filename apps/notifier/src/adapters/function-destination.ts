import { intakeHeader, limits, type OutgoingRecord, physicalTopic, type Target } from '#contracts';
import type { Publisher } from '#kafka';
import type { Delivery } from '#lifecycle';
import { chainedRequestId } from '../chained-id.ts';
import type { Destination, Notification } from '../destination.ts';
import { publishOutcome } from './publish-outcome.ts';

/** Starts a function because of a notification: one hop further, and the same request id each time. */
export async function invokeChained(
  publisher: Publisher,
  prefix: string,
  { id, project, hops, traceparent }: Notification,
  functionUrn: string,
  event: string,
): Promise<Delivery> {
  const value = Buffer.from(event);
  if (value.length > limits.payloadBytesMax)
    return { kind: 'refused', reason: `the event has ${value.length} bytes, a function takes ${limits.payloadBytesMax}` };
  const requestId = chainedRequestId(id, functionUrn);
  const headers = {
    [intakeHeader.function]: functionUrn,
    [intakeHeader.project]: project,
    [intakeHeader.requestId]: requestId,
    [intakeHeader.hops]: String(hops + 1),
    ...(traceparent === undefined ? {} : { [intakeHeader.traceparent]: traceparent }),
  };
  const record: OutgoingRecord = { topic: physicalTopic(prefix, 'intake'), key: requestId, value, headers };
  return publishOutcome(publisher, record, `invocation ${requestId} of ${functionUrn}`);
}

/** A function: the message is the event of an asynchronous invocation. */
export class FunctionDestination implements Destination<Extract<Target, { type: 'FunctionGraph' }>> {
  readonly type = 'FunctionGraph';

  constructor(
    private readonly publisher: Publisher,
    private readonly prefix: string,
  ) {}

  async deliver(notification: Notification, { functionUrn }: Extract<Target, { type: 'FunctionGraph' }>): Promise<Delivery> {
    return invokeChained(this.publisher, this.prefix, notification, functionUrn, notification.texts.default);
  }
}
