import { type DeliveryTargetType, destinationTypes } from '#contracts';
import type { Destination, DestinationsByType } from '../src/destination.ts';

/** The same adapter for every kind of target. */
export function everyDestination(destination: Destination): DestinationsByType {
  const types: readonly DeliveryTargetType[] = [...destinationTypes, 'Subscription'];
  return Object.fromEntries(types.map((type) => [type, destination])) as Record<DeliveryTargetType, Destination>;
}
