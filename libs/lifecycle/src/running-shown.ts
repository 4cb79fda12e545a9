/**
 * An attempt shows as RUNNING after this time, in milliseconds. A shorter one costs no record.
 */
export const runningShownAfterMs = 250;
