import { bareUrnOf } from './function-urn.ts';
import type { Spread } from './record.ts';

/** A lane of invocations that are due. */
export type Lane = 'invocations' | 'invocations.bulk';

/** Partitions of the bulk lane that the flood of one function may fill. */
const bulkPlacesMax = 3;

/**
 * The partitions of a lane on which instances of a function lie: only their owners may run it.
 * @param instancesMax of the function in all processes; below 1 means no limit.
 * @returns undefined if they are all partitions.
 */
export function laneSpread(lane: Lane, functionUrn: string, instancesMax: number): Spread | undefined {
  const places = instancesMax < 1 ? Number.POSITIVE_INFINITY : instancesMax;
  const placesMax = lane === 'invocations.bulk' ? bulkPlacesMax : Number.POSITIVE_INFINITY;
  const spread = { key: bareUrnOf(functionUrn), places: Math.min(places, placesMax) };
  return Number.isFinite(spread.places) ? spread : undefined;
}
