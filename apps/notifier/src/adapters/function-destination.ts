import { intakeHeader, type OutgoingRecord, physicalTopic, type Settlement, type Target } from '#contracts';
import type { Publisher } from '#kafka';
import type { Delivery } from '#lifecycle';
import { chainedRequestId } from '../chained-id.ts';
import type { Destination, Notification } from '../destination.ts';
import { publishOutcome } from './publish-outcome.ts';

/** The record that starts a function because of a settlement: one hop further, and the same request id each time. */
export function chainedRecord(
  prefix: string,
  { invocation }: Settlement,
  functionUrn: string,
  payload: string,
): { readonly requestId: string; readonly record: OutgoingRecord } {
  const requestId = chainedRequestId(invocation.requestId, functionUrn);
  const headers = {
    [intakeHeader.function]: functionUrn,
    [intakeHeader.project]: invocation.project,
    [intakeHeader.requestId]: requestId,
    [intakeHeader.hops]: String(invocation.hops + 1),
    ...(invocation.traceparent === undefined ? {} : { [intakeHeader.traceparent]: invocation.traceparent }),
  };
  return { requestId, record: { topic: physicalTopic(prefix, 'intake'), key: requestId, value: Buffer.from(payload), headers } };
}

/** A function: the message is the event of an asynchronous invocation. */
export class FunctionDestination implements Destination<Extract<Target, { type: 'FunctionGraph' }>> {
  readonly type = 'FunctionGraph';

  constructor(
    private readonly publisher: Publisher,
    private readonly prefix: string,
  ) {}

  async deliver(
    { settlement, message }: Notification,
    { functionUrn }: Extract<Target, { type: 'FunctionGraph' }>,
  ): Promise<Delivery> {
    const { requestId, record } = chainedRecord(this.prefix, settlement, functionUrn, message);
    return publishOutcome(this.publisher, record, `invocation ${requestId} of ${functionUrn}`);
  }
}
