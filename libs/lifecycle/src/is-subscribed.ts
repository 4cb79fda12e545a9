import type { FunctionDocument, SubscriptionDocument } from '#contracts';

/**
 * Tells whether a function is the one that had its name when a subscription was made. A
 * subscription of an earlier release holds no id: a function that is younger than it is another
 * one.
 */
export function isSubscribed(
  { functionId, createdAt }: Pick<SubscriptionDocument, 'functionId' | 'createdAt'>,
  fn: Pick<FunctionDocument, 'id' | 'createdAt'>,
): boolean {
  if (functionId !== undefined) return functionId === fn.id;
  return createdAt === undefined || fn.createdAt <= createdAt;
}
