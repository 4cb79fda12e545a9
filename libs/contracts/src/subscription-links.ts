/** Paths of the links in notifications. Only the services make and read the tokens of the links. */
export const subscriptionPaths = {
  confirm: '/v2/notifications/subscriptions/subscribe',
  unsubscribe: '/v2/notifications/subscriptions/unsubscribe',
} as const;

function withoutEndingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

function link(baseUrl: string, path: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${withoutEndingSlashes(baseUrl)}${path}?${pairs.join('&')}`;
}

/**
 * Makes the link that confirms a subscription.
 * @param baseUrl of the API, as receivers reach it.
 */
export function confirmUrl(baseUrl: string, topicUrn: string, token: string): string {
  return link(baseUrl, subscriptionPaths.confirm, { topic_urn: topicUrn, token });
}

/** Makes the link that ends a subscription. @param baseUrl as for {@link confirmUrl}. */
export function unsubscribeUrl(baseUrl: string, subscriptionUrn: string, token: string): string {
  return link(baseUrl, subscriptionPaths.unsubscribe, { subscription_urn: subscriptionUrn, token });
}
