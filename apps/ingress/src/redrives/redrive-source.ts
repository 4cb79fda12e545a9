import type { RedriveSpec } from '#contracts';

/** The outcome of starting one thing again. The reason is a word that the API shows. */
export type Redriven = { readonly kind: 'sent' } | { readonly kind: 'refused'; readonly reason: string };

/** One invocation or notice of a selection. */
export interface RedriveItem {
  readonly requestId: string;
  /** The place at which the selection goes on after it. */
  readonly marker: string;
  /**
   * Starts it again. A second call for the same redrive starts no second one.
   * @throws PlatformError if it cannot be told now whether it was started.
   */
  redrive(): Promise<Redriven>;
}

/** A part of a selection. */
export interface RedrivePage {
  readonly items: readonly RedriveItem[];
  /** The place at which the selection goes on; absent at its end. */
  readonly next?: string;
}

/** Finds what redrives of one kind start again. */
export interface RedriveSource {
  /**
   * @param marker empty for the first page.
   * @returns at most `count` items. An empty page need not be the last.
   * @throws PlatformError `STORE_UNAVAILABLE`, `BROKER_UNAVAILABLE`.
   */
  page(spec: RedriveSpec, marker: string, count: number): Promise<RedrivePage>;
  /**
   * Counts what a redrive has started, as far as it has ended. @throws as {@link page}.
   */
  ended(spec: RedriveSpec): Promise<{ readonly succeeded: number; readonly failed: number }>;
}
