/** Largest record the publisher takes, in bytes; below the broker's own limit of 1,048,588 for a batch (`message.max.bytes`). */
export const recordBytesMaxDefault = 1_000_000;
