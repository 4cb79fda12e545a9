export type { Destinations, Target } from './destinations.ts';
