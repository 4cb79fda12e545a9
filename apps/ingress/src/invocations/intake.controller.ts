import { hash } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import {
  checkIntakeFormat,
  type ErrorCode,
  type IncomingRecord,
  intakeHeader,
  invocationTagsRule,
  limits,
  PlatformError,
  readInvocationTags,
  refusedFor,
  type RejectCode,
  traceparentOf,
  utcText,
} from '#contracts';
import { type RecordDelivery } from '#kafka';
import { type KafkaRecordContext, OnRecord } from '#kafka/strategy';
import { isPayloadReference } from '#objects';
import { timeGroups } from '#platform';
import { Acceptor, type Arrival } from './acceptor.ts';
import { parsedJson } from './json-bytes.ts';
import { FunctionNames } from '../names/function-names.ts';
import { type Home, HOME } from '../names/home.ts';
import { IntakePace } from './intake-pace.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function malformed(reason: string): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason } });
}

function refusal(rejectCode: RejectCode, reason: string): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason, rejectCode } });
}

/** The code of a refusal by the fault that caused it. */
const codeOfFault: Readonly<Partial<Record<ErrorCode, RejectCode>>> = {
  CONTRACT_VIOLATED: 'record-malformed',
  RECORD_TOO_LARGE: 'record-too-large',
};

/**
 * Reads an integer header.
 * @throws PlatformError `CONTRACT_VIOLATED` if it is malformed or out of range.
 */
function wholeHeader(headers: IncomingRecord['headers'], name: string, max: number): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text) || Number(text) > max) throw malformed(`${name} must be a whole number from 0 to ${max}`);
  return Number(text);
}

/**
 * Reads the tags of an arrival; empty if the record has none.
 * @throws PlatformError `CONTRACT_VIOLATED` if they are malformed.
 */
function tagsOf(text: string | undefined): { readonly tags?: readonly string[] } {
  if (text === undefined) return {};
  const tags = readInvocationTags(text);
  if (tags === undefined) throw malformed(`${intakeHeader.tags} must hold ${invocationTagsRule}`);
  return { tags };
}

/**
 * Returns the request id of a record that states none: the time of the record, then a digest of its
 * position. A record that is read twice gets the same id.
 */
function requestIdOf({ topic, partition, offset, timestamp }: IncomingRecord): string {
  const hex = hash('sha256', `${topic} ${partition} ${offset} ${timestamp}`, 'hex');
  const variant = ((Number.parseInt(hex.charAt(3), 16) & 3) | 8).toString(16);
  return `${timeGroups(timestamp)}-8${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`;
}

/** The event of a record, or the reference of an uploaded one. @throws as {@link readIntake}. */
function eventIn({ headers, value }: IncomingRecord): { readonly payload: Buffer; readonly payloadRef?: string } {
  const payloadRef = headers[intakeHeader.payloadRef];
  if (payloadRef === undefined) {
    if (value === null || parsedJson(value) === undefined) throw malformed('the value is not JSON');
    return { payload: value };
  }
  if (!isPayloadReference(payloadRef)) throw malformed(`${intakeHeader.payloadRef} must be the payload_ref of an upload`);
  if (value !== null && value.length > 0) throw malformed(`a record with ${intakeHeader.payloadRef} must have no value`);
  return { payload: Buffer.alloc(0), payloadRef };
}

/**
 * Reads a record of the Kafka door. A malformed record is rejected with its reason, never repaired.
 * @throws PlatformError `CONTRACT_VIOLATED`.
 */
export function readIntake(record: IncomingRecord, project: string): Arrival {
  const { headers } = record;
  checkIntakeFormat(headers, intakeHeader.formatVersion);
  const functionName = headers[intakeHeader.function];
  if (functionName === undefined || functionName === '') throw malformed(`header ${intakeHeader.function} is missing`);
  const functionId = headers[intakeHeader.functionId];
  const requestId = headers[intakeHeader.requestId];
  if (requestId !== undefined && !uuidPattern.test(requestId)) throw malformed(`${intakeHeader.requestId} must be a UUID`);
  const event = eventIn(record);
  const delaySeconds = wholeHeader(headers, intakeHeader.delaySeconds, limits.delaySecondsMax);
  return {
    requestId: requestId?.toLowerCase() ?? requestIdOf(record),
    functionName,
    ...(functionId === undefined ? {} : { functionId }),
    project: headers[intakeHeader.project] ?? project,
    ...event,
    headers,
    hops: wholeHeader(headers, intakeHeader.hops, limits.hopsReadMax) ?? 0,
    givesWay: true,
    ...(delaySeconds === undefined ? {} : { delaySeconds }),
    ...tagsOf(headers[intakeHeader.tags]),
    ...traceparentOf(headers[intakeHeader.traceparent]),
  };
}

/** The Kafka door: any producer may do what a caller with all rights may do. */
@Controller()
export class IntakeController {
  constructor(
    @Inject(Acceptor) private readonly acceptor: Acceptor,
    @Inject(HOME) private readonly home: Home,
    @Inject(IntakePace) private readonly pace: IntakePace,
    @Inject(FunctionNames) private readonly names: FunctionNames,
  ) {}

  /**
   * @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record; `PARTITION_LOST`:
   *   another process accepts it.
   */
  @OnRecord('intake')
  async onArrival(record: IncomingRecord, { delivery }: KafkaRecordContext): Promise<void> {
    const functionName = record.headers[intakeHeader.function] ?? '';
    return this.pace.run(functionName, async () => {
      try {
        await this.accept(record, delivery);
      } catch (error) {
        throw error instanceof PlatformError && !error.retryable ? this.refused(error, record) : error;
      }
    });
  }

  /**
   * Adds to a fault why and for which function the record is refused. The ledger counts by both.
   */
  private refused(fault: PlatformError, { headers }: IncomingRecord): PlatformError {
    const code = codeOfFault[fault.code] ?? 'other';
    const project = headers[intakeHeader.project] ?? this.home.project;
    const functionUrn = this.names.existing(headers[intakeHeader.function] ?? '', project);
    return refusedFor(fault, code, functionUrn === undefined ? undefined : { functionUrn, project });
  }

  private async accept(record: IncomingRecord, delivery: RecordDelivery): Promise<void> {
    const arrival = readIntake(record, this.home.project);
    const arrived = await this.acceptor.accept(arrival, async (write) => delivery.writeUntilDone(write, { mayBeRefused: true }));
    const name = arrival.functionName.slice(0, 300);
    if (arrived.kind === 'refused') {
      const isTooLarge = arrived.reason === 'payload-too-large';
      const sizes = `: the event has ${arrival.payload.length} bytes, ${limits.payloadBytesMax} are allowed; upload it, and send its reference`;
      throw refusal(arrived.reason, `${arrived.reason}: ${name}${isTooLarge ? sizes : ''}`);
    }
    if (arrived.kind === 'paused')
      throw refusal('intake-paused', `intake-paused: the intake of ${name} is paused since ${utcText(arrived.since)}Z`);
  }
}
