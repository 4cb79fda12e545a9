/** Where the links of a subscriber lead, below the address of the API. Their tokens are made and read by the platform's services alone. */
export const subscriptionPaths = {
  confirm: '/v2/notifications/subscriptions/subscribe',
  unsubscribe: '/v2/notifications/subscriptions/unsubscribe',
} as const;

function link(baseUrl: string, path: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${baseUrl.replace(/\/+$/, '')}${path}?${pairs.join('&')}`;
}

/** The link that confirms a subscription. @param baseUrl of the API, as receivers reach it. */
export function confirmUrl(baseUrl: string, topicUrn: string, token: string): string {
  return link(baseUrl, subscriptionPaths.confirm, { topic_urn: topicUrn, token });
}

/** The link that ends a subscription. @param baseUrl as for {@link confirmUrl}. */
export function unsubscribeUrl(baseUrl: string, subscriptionUrn: string, token: string): string {
  return link(baseUrl, subscriptionPaths.unsubscribe, { subscription_urn: subscriptionUrn, token });
}
