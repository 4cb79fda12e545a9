/**
 * Goal: no name reaches an address that is not allowed, whatever DNS answers and when it changes
 * its answer. Method: an HTTP server on loopback, and a lookup that the test answers.
 */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AllowedNetworks } from './networks.ts';
import { AddressRefused, UserUrlClient } from './user-url-client.ts';

let server: Server;
let requests: number;
let clients: UserUrlClient[];

beforeEach(async () => {
  requests = 0;
  clients = [];
  server = createServer((request, response) => {
    requests++;
    // Closing lets the next request open a connection of its own.
    request.resume().on('end', () => response.writeHead(200, { connection: 'close' }).end('ok'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const client of clients) client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A client whose lookups answer these lists of addresses, one after the other. */
function clientWith(answers: readonly (readonly string[])[], networks = new AllowedNetworks(['127.0.0.0/8'])) {
  const left = [...answers];
  const client = new UserUrlClient({
    networks,
    allowedBy: 'A_SETTING',
    connectionsMax: 1,
    lookup(_hostname, _options, callback) {
      callback(
        null,
        (left.shift() ?? []).map((address) => ({ address, family: isIP(address) })),
      );
    },
  });
  clients.push(client);
  return async () => {
    const { port } = server.address() as AddressInfo;
    const url = new URL(`http://user.example:${port}/`);
    const answer = await client.post({ url, headers: {}, body: 'x', signal: AbortSignal.timeout(5_000) });
    answer.resume();
    await new Promise((resolve) => answer.once('close', resolve));
    return answer.statusCode;
  };
}

describe('a kept connection that its server has closed', () => {
  const setUp = () => {
    // The end of a connection arrives while nobody can read it, as during a standstill.
    let answered = 0;
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      requests++;
      request.resume().on('end', () => {
        if (request.socket.bytesWritten > 0) request.socket.destroy();
        else response.end(`answer ${++answered}`);
      });
    });
    const client = new UserUrlClient({
      networks: new AllowedNetworks(['127.0.0.0/8']),
      allowedBy: 'A_SETTING',
      connectionsMax: 1,
    });
    clients.push(client);
    const { port } = server.address() as AddressInfo;
    const url = new URL(`http://127.0.0.1:${port}/`);
    return async (isRepeatable: boolean) => {
      const answer = await client.post({ url, headers: {}, body: 'x', signal: AbortSignal.timeout(5_000), isRepeatable });
      answer.resume();
      await new Promise((resolve) => answer.once('end', resolve));
      return answer.statusCode;
    };
  };

  it('is replaced by a new one for a request that may be sent twice', async () => {
    const post = setUp();
    expect([await post(true), await post(true), requests]).toEqual([200, 200, 3]);
  });

  it('fails any other request', async () => {
    const post = setUp();
    await post(false);
    await expect(post(false)).rejects.toThrow('socket hang up');
    expect(requests).toBe(2);
  });
});

describe('UserUrlClient', () => {
  it('connects only to the allowed ones of the addresses of a name', async () => {
    expect(await clientWith([['169.254.169.254', '10.0.0.1', '127.0.0.1']])()).toBe(200);
  });

  it('checks each connection, so that a name cannot change to a refused address (DNS rebinding)', async () => {
    const post = clientWith([['127.0.0.1'], ['10.0.0.1', '169.254.169.254']]);
    expect(await post()).toBe(200);
    await expect(post()).rejects.toThrow(AddressRefused);
    expect(requests).toBe(1);
  });

  it.each([['10.0.0.1'], ['::ffff:10.0.0.1'], ['::1'], ['0.0.0.0']])(
    'refuses a name with the address %s and names the setting',
    async (address) => {
      await expect(clientWith([[address]])()).rejects.toThrow(
        'user.example has no public address; A_SETTING can allow its network',
      );
      expect(requests).toBe(0);
    },
  );

  it.each([['fe80::1%lo'], ['169.254.169.254']])(
    'refuses a name with the address %s, and names no setting, because none allows it',
    async (address) => {
      const refused = clientWith([[address]])();
      await expect(refused).rejects.toThrow(AddressRefused);
      await expect(refused).rejects.toThrow(/^user\.example is never reached$/);
      expect(requests).toBe(0);
    },
  );

  it('refuses a name in a denied network', async () => {
    const refused = clientWith([['127.0.0.1']], new AllowedNetworks(['127.0.0.0/8'], ['127.0.0.1']))();
    await expect(refused).rejects.toThrow(AddressRefused);
    await expect(refused).rejects.toThrow(/^user\.example is denied by FUNCTION_NETWORKS_DENIED$/);
  });
});
