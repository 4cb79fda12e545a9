import { bounds } from './bounds.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** Names a target of deliveries. Targets of two projects are two, even if their ids are equal. */
export interface TargetName {
  readonly project: string;
  /** As `deliveryIdOf` makes it. */
  readonly deliveryId: string;
}

/** The health of a target whose last tries failed. A target without failures has none. */
export interface TargetHealth {
  /** Failures since the last success, at least: two notifiers that report at once count one. */
  readonly failures: number;
  /** The first of these failures. */
  readonly failingSince: EpochMs;
  /** The last failure. */
  readonly error: { readonly reason: string; readonly at: EpochMs };
  /** The first of the answers 410 (Gone), if all answers since were 410. */
  readonly goneSince?: EpochMs;
  /**
   * Absent while the circuit breaker is closed. Before this time it is open, and then half open.
   */
  readonly openUntil?: EpochMs;
}

/** The end of all tries at a target, until somebody switches it on. */
export interface SwitchOff {
  readonly at: EpochMs;
  /** Since when the target failed. All notifiers that switch it off read the same time. */
  readonly failingSince: EpochMs;
  readonly reason: string;
}

/** Ends of a test: `deferred` failed and may succeed later, `refused` cannot succeed as it is. */
const testOutcomes = ['delivered', 'deferred', 'refused'] as const;

/** How the test of a target ended. */
export interface TargetTest {
  /** The message id of the test notice. */
  readonly id: string;
  readonly at: EpochMs;
  readonly outcome: (typeof testOutcomes)[number];
  /** How long the try took, in milliseconds. */
  readonly tookMs: number;
  /** Why the target did not take the notice. */
  readonly reason?: string;
  /** The place of the notice, in words for a person. */
  readonly location?: string;
}

/** A change of what is known of a target. An absent value ends what was known. */
export type TargetChange =
  | { readonly kind: 'health'; readonly target: TargetName; readonly health?: TargetHealth }
  | { readonly kind: 'switch-off'; readonly target: TargetName; readonly switchOff?: SwitchOff }
  | { readonly kind: 'test'; readonly target: TargetName; readonly test?: TargetTest };

const kinds: readonly TargetChange['kind'][] = ['health', 'switch-off', 'test'];

/** The key of a target in maps. Projects have no slash in their names. */
export function targetKey({ project, deliveryId }: TargetName): string {
  return `${project}/${deliveryId}`;
}

/** The target behind a {@link targetKey}. */
export function targetOfKey(key: string): TargetName {
  const slash = key.indexOf('/');
  return { project: key.slice(0, slash), deliveryId: key.slice(slash + 1) };
}

/** The key of a change: health, switch-off and last test have records of their own. */
export function targetChangeKey({ kind, target }: Pick<TargetChange, 'kind' | 'target'>): string {
  return `${kind}/${targetKey(target)}`;
}

/** The record of a change. Its value is null if the change ends what was known. */
export function encodeTargetChange(topic: string, change: TargetChange): OutgoingRecord {
  const state = stateIn(change);
  const value = state === undefined ? null : Buffer.from(JSON.stringify(state));
  return { topic, key: targetChangeKey(change), value, headers: formatHeaders('target') };
}

function stateIn(change: TargetChange): object | undefined {
  switch (change.kind) {
    case 'health':
      return change.health;
    case 'switch-off':
      return change.switchOff;
    case 'test':
      return change.test;
    default:
      return change satisfies never;
  }
}

/**
 * Reads a change back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeTargetChange({ key, value }: Pick<IncomingRecord, 'key' | 'value'>): TargetChange {
  const [, word, project, deliveryId] = /^([^/]*)\/([^/]*)\/(.+)$/s.exec(key ?? '') ?? [];
  const kind = kinds.find((one) => one === word);
  if (kind === undefined || project === undefined || deliveryId === undefined)
    throw contractViolated('the key of a state of a target must be health, switch-off or test, project and target');
  const target = { project, deliveryId };
  if (value === null) return { kind, target };
  const fields = JsonObject.parse(value.toString('utf8'), 'the state of the target');
  switch (kind) {
    case 'health':
      return { kind, target, health: healthIn(fields) };
    case 'switch-off':
      return { kind, target, switchOff: switchOffIn(fields) };
    case 'test':
      return { kind, target, test: testIn(fields) };
    default:
      return kind satisfies never;
  }
}

function testIn(fields: JsonObject): TargetTest {
  const reason = fields.optionalText('reason');
  const location = fields.optionalText('location');
  return {
    id: fields.text('id'),
    at: fields.instant('at'),
    outcome: fields.word('outcome', testOutcomes),
    tookMs: fields.wholeNumber('tookMs', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    ...(reason === undefined ? {} : { reason }),
    ...(location === undefined ? {} : { location }),
  };
}

function switchOffIn(fields: JsonObject): SwitchOff {
  return { at: fields.instant('at'), failingSince: fields.instant('failingSince'), reason: fields.text('reason') };
}

function healthIn(fields: JsonObject): TargetHealth {
  const error = fields.object('error');
  return {
    failures: fields.wholeNumber('failures', bounds.targetFailures),
    failingSince: fields.instant('failingSince'),
    error: { reason: error.text('reason'), at: error.instant('at') },
    ...(fields.has('goneSince') ? { goneSince: fields.instant('goneSince') } : {}),
    ...(fields.has('openUntil') ? { openUntil: fields.instant('openUntil') } : {}),
  };
}
