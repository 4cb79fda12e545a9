import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { brokerAddress, fromKafkajs, toKafkajs } from './broker-address.ts';
import { socketFactoryOf } from './kafka-access.ts';

it.each([
  ['kafka.example.com:9092', 'kafka.example.com', 9092],
  ['127.0.0.1:9092', '127.0.0.1', 9092],
  ['[::1]:9092', '::1', 9092],
  ['[2001:db8::7]:65535', '2001:db8::7', 65_535],
  ['[::ffff:127.0.0.1]:1', '::ffff:127.0.0.1', 1],
])('%s is host %s, and kafkajs leads there', (text, host, port) => {
  expect(brokerAddress(text)).toEqual({ host, port });
  const [name = '', number, ...rest] = toKafkajs(text).split(':');
  expect([fromKafkajs(name), Number(number), rest]).toEqual([host, port, []]);
});

it('a name with that ending that is no address stays', () => {
  expect(fromKafkajs('a-host.ipv6-literal.net')).toBe('a-host.ipv6-literal.net');
});

it('a socket of kafkajs reaches an IPv6 address', async ({ skip }) => {
  const server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true));
  });
  skip(!listens, 'this machine has no ::1');
  const [host = '', port] = toKafkajs(`[::1]:${(server.address() as { readonly port: number }).port}`).split(':');
  await new Promise<void>((resolve, reject) => {
    const socket: Socket = socketFactoryOf({})({ host, port: Number(port), ssl: {}, onConnect: () => resolve() });
    socket.once('error', reject);
  });
});
