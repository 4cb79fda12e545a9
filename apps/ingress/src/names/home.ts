import type { UrnDefaults } from '#contracts';

/** The region and the project of this installation. They complete short function names. */
export type Home = UrnDefaults;

/** Injection token of the {@link Home}. */
export const HOME = Symbol('home');
