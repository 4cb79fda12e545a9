import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { type IncomingRecord, intakeHeader, limits, PlatformError, traceparentOf } from '#contracts';
import { OnRecord, RecordController } from '#kafka';
import { timeGroups } from '#platform';
import { Acceptor, type Arrival } from './acceptor.ts';
import { type Home, HOME } from '../names/home.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function malformed(reason: string): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason } });
}

function isJson(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false;
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** A whole number in a header. @throws PlatformError `CONTRACT_VIOLATED`. */
function wholeHeader(headers: IncomingRecord['headers'], name: string, max: number): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text) || Number(text) > max) throw malformed(`${name} must be a whole number from 0 to ${max}`);
  return Number(text);
}

/**
 * The id of a record that names none: the time of the record, then a digest of its place. The same
 * record, read twice, gets the same id.
 */
function requestIdOf({ topic, partition, offset, timestamp }: IncomingRecord): string {
  const hex = createHash('sha256').update(`${topic} ${partition} ${offset} ${timestamp}`).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(3), 16) & 3) | 8).toString(16);
  return `${timeGroups(timestamp)}-8${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`;
}

/**
 * Reads a record of the Kafka door. Nothing is guessed: what does not fit is refused with its reason.
 * @throws PlatformError `CONTRACT_VIOLATED`.
 */
export function readIntake(record: IncomingRecord, project: string): Arrival {
  const { headers, value } = record;
  const functionName = headers[intakeHeader.function];
  if (functionName === undefined || functionName === '') throw malformed(`header ${intakeHeader.function} is missing`);
  const asked = headers[intakeHeader.requestId];
  if (asked !== undefined && !uuidPattern.test(asked)) throw malformed(`${intakeHeader.requestId} must be a UUID`);
  if (value === null || !isJson(value)) throw malformed('the value is not JSON');
  const delaySeconds = wholeHeader(headers, intakeHeader.delaySeconds, limits.delaySecondsMax);
  return {
    requestId: asked?.toLowerCase() ?? requestIdOf(record),
    functionName,
    project: headers[intakeHeader.project] ?? project,
    payload: value,
    headers,
    hops: wholeHeader(headers, intakeHeader.hops, limits.hopsReadMax) ?? 0,
    ...(delaySeconds === undefined ? {} : { delaySeconds }),
    ...traceparentOf(headers[intakeHeader.traceparent]),
  };
}

/** The Kafka door: any producer is a full caller. */
@RecordController()
export class IntakeController {
  constructor(
    @Inject(Acceptor) private readonly acceptor: Acceptor,
    @Inject(HOME) private readonly home: Home,
  ) {}

  /** @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record with the reason; `BROKER_UNAVAILABLE`: tried again. */
  @OnRecord('intake')
  async onArrival(@Payload() record: IncomingRecord): Promise<void> {
    const arrival = readIntake(record, this.home.project);
    const arrived = await this.acceptor.accept(arrival);
    if (arrived.kind === 'refused') throw malformed(`${arrived.reason}: ${arrival.functionName.slice(0, 300)}`);
  }
}
