import {
  type FunctionUrn,
  intakeHeader,
  limits,
  type OutgoingRecord,
  parseFunctionUrn,
  type Target,
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

type MeantFunction = Pick<Target<'FunctionGraph'>, 'functionUrn' | 'functionId'>;

/**
 * Starts a function for a notification, with one hop more. The same notification always gives the
 * same request id.
 */
export class ChainedInvocations {
  constructor(private readonly parts: ChainParts) {}

  /**
   * Writes an event to the intake topic. Everything that the ingress would reject there is checked
   * here, because a rejected record does not report back to its delivery.
   * @param functionUrn in any form. A short one belongs to the project of the notification.
   * @param functionId refuses another function under this name, here and at the ingress.
   * @throws PlatformError `REGISTRY_BEHIND` if the registry cannot answer now.
   */
  async start(notification: Notification, { functionUrn, functionId }: MeantFunction, event: string): Promise<TryResult> {
    const { id, project, hops, traceparent } = notification;
    const value = Buffer.from(event);
    if (value.length > limits.payloadBytesMax)
      return { kind: 'refused', reason: `the event has ${value.length} bytes, but a function takes ${limits.payloadBytesMax}` };
    const urn = parseFunctionUrn(functionUrn, { region: this.parts.region, project });
    if (urn === undefined || !(await this.isThere(urn)))
      return { kind: 'refused', reason: `function ${functionUrn} does not exist any more` };
    if (this.parts.registry.functionByUrn(urn)?.instancesMax === 0)
      return { kind: 'deferred', reason: `function ${functionUrn} is disabled` };
    const requestId = chainedRequestId(id, functionUrn);
    const headers = {
      [intakeHeader.function]: functionUrn,
      [intakeHeader.project]: project,
      ...(functionId === undefined ? {} : { [intakeHeader.functionId]: functionId }),
      [intakeHeader.requestId]: requestId,
      [intakeHeader.hops]: String(hops + 1),
      ...(traceparent === undefined ? {} : { [intakeHeader.traceparent]: traceparent }),
    };
    const record: OutgoingRecord = { topic: this.parts.topics.name('intake'), key: requestId, value, headers };
    return publishOutcome(this.parts.publisher, record, `invocation ${requestId} of ${functionUrn}`);
  }

  private async isThere(urn: FunctionUrn): Promise<boolean> {
    if (this.parts.registry.hasFunction(urn)) return true;
    await this.parts.registry.caughtUp();
    return this.parts.registry.hasFunction(urn);
  }
}
