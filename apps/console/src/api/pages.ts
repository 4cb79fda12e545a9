interface MarkedPage {
  /** Empty on the last page. */
  readonly next_marker: string;
}

/** Leads a query of TanStack from page to page of a list. */
export const byMarker = {
  initialPageParam: '',
  getNextPageParam: ({ next_marker: next }: MarkedPage) => (next === '' ? undefined : next),
};

/** The part of a query that asks for the page after a marker. */
export function afterMarker(marker: string): { readonly marker?: string } {
  return marker === '' ? {} : { marker };
}
