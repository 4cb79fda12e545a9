import {
  type FunctionDocument,
  type FunctionUrn,
  intakeHeader,
  limits,
  type OutgoingRecord,
  parseFunctionUrn,
  type Topics,
} from '#contracts';
import type { Publisher } from '#kafka';
import type { TryResult } from '#lifecycle';
import type { Registry } from '#registry';
import { chainedRequestId } from '../chained-id.ts';
import type { Notification } from '../destination.ts';
import { publishOutcome } from './publish-outcome.ts';

/** Parts of {@link ChainedInvocations}. */
export interface ChainParts {
  readonly publisher: Publisher;
  readonly registry: Pick<Registry, 'functionByUrn' | 'hasFunction' | 'caughtUp'>;
  readonly topics: Topics;
  /** The region that short URNs leave out. */
  readonly region: string;
}

/** A function by its name, and a test that another function under this name does not pass. */
interface MeantFunction {
  /** In any form. A short one belongs to the project of the notification. */
  readonly functionUrn: string;
  readonly isMeant: (fn: FunctionDocument) => boolean;
}

/**
 * Starts a function for a notification, with one hop more. The same notification always gives the
 * same request id.
 */
export class ChainedInvocations {
  constructor(private readonly parts: ChainParts) {}

  /**
   * Writes an event to the intake topic. Everything that the ingress would reject there is checked
   * here, because a rejected record does not report back to its delivery.
   * @throws PlatformError `REGISTRY_BEHIND` if the registry cannot answer now.
   */
  async start(notification: Notification, { functionUrn, isMeant }: MeantFunction, event: string): Promise<TryResult> {
    const { id, project, hops, traceparent } = notification;
    const value = Buffer.from(event);
    if (value.length > limits.payloadBytesMax)
      return { kind: 'refused', reason: `the event has ${value.length} bytes, but a function takes ${limits.payloadBytesMax}` };
    const urn = parseFunctionUrn(functionUrn, { region: this.parts.region, project });
    const fn = urn === undefined ? undefined : await this.find(urn, isMeant);
    if (fn === undefined) return { kind: 'refused', reason: `function ${functionUrn} does not exist any more` };
    if (!isMeant(fn))
      return { kind: 'refused', reason: `function ${functionUrn} was made anew since it was named: name it again` };
    if (fn.instancesMax === 0) return { kind: 'deferred', reason: `function ${functionUrn} is disabled` };
    const requestId = chainedRequestId(id, functionUrn);
    const headers = {
      [intakeHeader.function]: functionUrn,
      [intakeHeader.project]: project,
      // The function may be replaced before the ingress reads the record.
      [intakeHeader.functionId]: fn.id,
      [intakeHeader.requestId]: requestId,
      [intakeHeader.hops]: String(hops + 1),
      ...(traceparent === undefined ? {} : { [intakeHeader.traceparent]: traceparent }),
    };
    const record: OutgoingRecord = { topic: this.parts.topics.name('intake'), key: requestId, value, headers };
    return publishOutcome(this.parts.publisher, record, `invocation ${requestId} of ${functionUrn}`);
  }

  /**
   * Returns the function that has the name. If that is not the one that is meant, this process may
   * be behind: it looks again after it has caught up.
   */
  private async find(urn: FunctionUrn, isMeant: MeantFunction['isMeant']): Promise<FunctionDocument | undefined> {
    const { registry } = this.parts;
    const look = () => (registry.hasFunction(urn) ? registry.functionByUrn(urn) : undefined);
    const known = look();
    if (known !== undefined && isMeant(known)) return known;
    await registry.caughtUp();
    return look();
  }
}
