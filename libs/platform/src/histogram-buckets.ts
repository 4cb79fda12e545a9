/**
 * Upper bounds for what may take from milliseconds to the longest timeout of a function, in
 * seconds.
 */
export const durationBuckets: number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** Upper bounds for how late something happens, in seconds. The promise for releases is 20 ms. */
export const latenessBuckets: number[] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 3_600];
