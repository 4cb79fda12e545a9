import { isIPv6 } from 'node:net';

/** The ending of names that stand for IPv6 addresses, where a colon is not allowed. */
const literalEnding = '.ipv6-literal.net';

/** Host and port of `host:port` or `[IPv6 address]:port`. */
export function brokerAddress(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon);
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(text.slice(colon + 1)) };
}

/** A broker in the words of kafkajs, which splits addresses at their first colon. */
export function toKafkajs(text: string): string {
  const { host, port } = brokerAddress(text);
  return isIPv6(host) ? `${host.replaceAll(':', '-')}${literalEnding}:${port}` : text;
}

/** The host that a name of kafkajs stands for. */
export function fromKafkajs(host: string): string {
  if (!host.endsWith(literalEnding)) return host;
  const address = host.slice(0, -literalEnding.length).replaceAll('-', ':');
  return isIPv6(address) ? address : host;
}
