/** Milliseconds since 1970, as the machine of the viewer has it. */
export const nowMs = (): number => Date.now();
