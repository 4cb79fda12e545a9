import type { LivePage, LiveQuery } from '#contracts';

/** Injection token of the {@link LiveSources}. */
export const LIVE_SOURCES = Symbol('live sources');
/** Injection token of the function that tells whether the process drains. */
export const IS_DRAINING = Symbol('is draining');

/** The status-loggers, of which each tells the transitions that it has stored. */
export interface LiveSources {
  /** The base URLs of all status-loggers. Never rejects. */
  find(): Promise<readonly string[]>;
  /** @throws Error if the status-logger does not answer within 2 s. */
  read(url: string, query: LiveQuery): Promise<LivePage>;
}
