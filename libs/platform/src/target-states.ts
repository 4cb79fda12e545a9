import type { LRUCache } from 'lru-cache';
import {
  decodeTargetChange,
  type IncomingRecord,
  type SwitchOff,
  type TargetChange,
  type TargetHealth,
  targetKey,
  type TargetName,
  targetOfKey,
} from '#contracts';
import { growingCache } from './growing-cache.ts';

const rememberedMax = 100_000;

/** All that is known of a target that fails or is switched off. */
interface TargetState {
  readonly health?: TargetHealth;
  readonly switchOff?: SwitchOff;
}

/**
 * The targets that fail, and those that are switched off, as this process has read them from the
 * topic `targets`.
 *
 * At most 100,000 of each are remembered; then the one that changed longest ago is forgotten.
 */
export class TargetStates {
  private readonly healths: LRUCache<string, TargetHealth>;
  private readonly switchOffs: LRUCache<string, SwitchOff>;

  /** @param max Failing targets remembered at once, and as many that are switched off. */
  constructor(max: number = rememberedMax) {
    this.healths = growingCache(max);
    this.switchOffs = growingCache(max);
  }

  /** The health of a target. @returns undefined for one without failures. */
  healthOf(target: TargetName): TargetHealth | undefined {
    return this.healths.size === 0 ? undefined : this.healths.peek(targetKey(target));
  }

  /** Why a target is switched off. @returns undefined if it is not. */
  switchOffOf(target: TargetName): SwitchOff | undefined {
    return this.switchOffs.size === 0 ? undefined : this.switchOffs.peek(targetKey(target));
  }

  /** All that is known of a target: nothing of one that works. */
  stateOf(target: TargetName): TargetState {
    const health = this.healthOf(target);
    const switchOff = this.switchOffOf(target);
    return { ...(health === undefined ? {} : { health }), ...(switchOff === undefined ? {} : { switchOff }) };
  }

  /** All that is known, target by target. */
  *changes(): Iterable<TargetChange> {
    for (const [key, switchOff] of this.switchOffs.entries()) yield { kind: 'switch-off', target: targetOfKey(key), switchOff };
    for (const [key, health] of this.healths.entries()) yield { kind: 'health', target: targetOfKey(key), health };
  }

  /** The state of a kind and a target as it is now. @returns undefined if nothing is known. */
  current({ kind, target }: Pick<TargetChange, 'kind' | 'target'>): TargetChange | undefined {
    const { health, switchOff } = this.stateOf(target);
    if (kind === 'health') return health === undefined ? undefined : { kind, target, health };
    return kind === 'test' || switchOff === undefined ? undefined : { kind, target, switchOff };
  }

  /** How many targets are switched off. */
  get switchedOff(): number {
    return this.switchOffs.size;
  }

  /** The ids of the failing and switched-off targets of a project, in the order of their bytes. */
  idsOf(project: string): readonly string[] {
    const start = targetKey({ project, deliveryId: '' });
    const ids = new Set<string>();
    for (const states of [this.healths, this.switchOffs])
      for (const key of states.keys()) if (key.startsWith(start)) ids.add(key.slice(start.length));
    return [...ids].toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  }

  /**
   * Remembers the change that a record of the topic holds.
   * @throws PlatformError `CONTRACT_VIOLATED` if the record has another shape.
   */
  add(record: Pick<IncomingRecord, 'key' | 'value'>): void {
    this.apply(decodeTargetChange(record));
  }

  /** Remembers a change. A test of a target changes nothing. */
  apply(change: TargetChange): void {
    const key = targetKey(change.target);
    if (change.kind === 'health') keep(this.healths, key, change.health);
    else if (change.kind === 'switch-off') keep(this.switchOffs, key, change.switchOff);
  }
}

function keep<State extends object>(states: LRUCache<string, State>, key: string, state: State | undefined): void {
  if (state === undefined) states.delete(key);
  else states.set(key, state);
}
