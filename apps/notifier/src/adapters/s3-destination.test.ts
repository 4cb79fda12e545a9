/**
 * Goal: a store that leaves one question unanswered holds up nobody beyond that try. Method: a
 * server that speaks as much S3 as it takes; everything else of the destination is tried on a real
 * store, in `test/integration/object-store.test.ts`.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aSettlement, eventually, ManualClock } from '#testing';
import { notificationOf } from '../notification-of.ts';
import { S3Destination } from './s3-destination.ts';

const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
const target = { type: 'OBS', bucket: 'results', prefix: '', expiresDays: 3 } as const;
const noLifecycle = '<Error><Code>NoSuchLifecycleConfiguration</Code></Error>';

describe('an S3 that never answers a question about a lifecycle', () => {
  let server: Server;
  let asked: string[];
  let destination: S3Destination;
  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const isQuestion = request.method === 'GET';
      if (asked.length > 1) response.writeHead(isQuestion ? 404 : 200).end(isQuestion ? noLifecycle : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = { endpoint, accessKey: 'access', secretKey: 'secret-key', region: 'us-east-1' };
    destination = new S3Destination(options, new ManualClock());
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is asked again by the next try', async () => {
    const patience = new AbortController();
    const first = destination.deliver(notification, target, patience.signal);
    await eventually(() => asked.length === 1 || undefined);
    const second = destination.deliver(notification, target, new AbortController().signal);
    patience.abort();
    expect(await first).toEqual({ kind: 'deferred', reason: 'the try took too long' });
    expect(await second).toMatchObject({ kind: 'delivered' });
    expect(asked.map((line) => line.replace(/\d{4}\/.*$/, '...'))).toEqual([
      'GET /results?lifecycle',
      'GET /results?lifecycle',
      'PUT /results?lifecycle',
      'PUT /results/...',
    ]);
  });
});
