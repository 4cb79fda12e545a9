/** How long the notifier's own copy of the registry may take to hear of what was just made, in milliseconds. */
export const registryPatienceMs = 5_000;
