import type { RedriveRefusal } from '#contracts';

/** Counts what a redrive does not start, by its reason. The others are not counted. */
export function addRefusal(
  refusals: readonly RedriveRefusal[],
  { refusal: reason }: { readonly refusal?: string | undefined },
): readonly RedriveRefusal[] {
  if (reason === undefined) return refusals;
  const known = refusals.find((one) => one.reason === reason);
  return [...refusals.filter((one) => one !== known), { reason, count: (known?.count ?? 0) + 1 }];
}
