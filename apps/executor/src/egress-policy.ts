/** Which addresses functions may reach. @see docs/functions.md */
export const egressPolicies = ['public', 'allowed', 'none', 'unfiltered'] as const;

/** Which addresses functions may reach. */
export type EgressPolicy = (typeof egressPolicies)[number];
