/**
 * Goal: thousands of wrong signatures change nothing, keep no memory, and lock out no caller who
 * signs correctly. Method: a whole ingress over the in-memory broker, listening; right and wrong
 * requests of all sizes at the same time. Costs are compared in processor time, because wall-clock
 * time depends on the machine.
 */
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { Sealer } from '#platform';
import { Registry } from '#registry';
import { ManualClock, testVerifier } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';
import { type PlainRequest, sdkDate, signed, type SigningKey } from '../../../../test/request-signer.ts';
import { KeyRing } from './key-ring.ts';
import { sha256Hex } from './signature.ts';
import { SignatureAuthenticator } from './signature-authenticator.ts';

const path = ['v2', 'p1', 'fgs', 'functions', 'hello', 'invocations-async'];
const first = { accessKey: IngressApp.accessKey, secretKey: IngressApp.secretKey, project: IngressApp.project };

function requestWith(host: string, body: string): PlainRequest & { readonly body: string } {
  return { method: 'POST', path, headers: { host, 'content-type': 'application/json' }, body };
}

describe('a flood of wrong signatures', () => {
  const wrongCount = 3_000;
  const wrongOfFullSizeCount = 40;
  const rightCount = 200;
  const atOnce = 24;
  const grownBytesMax = 32 * 1_048_576;
  let app: IngressApp;
  let host: string;
  beforeAll(async () => {
    app = await IngressApp.start();
    host = `127.0.0.1:${await app.listen()}`;
    await app.createFunction('hello');
  });
  afterAll(() => app?.close());

  const fullBody = `{"a":"${'x'.repeat(limits.payloadBytesMax - 8)}"}`;
  const right = (): SigningKey => ({ ...first, date: sdkDate(app.clock.now()) });

  /** The n-th wrong request. Each is wrong in another way, and no two name the same unknown key. */
  function wrong(n: number, body: string): [PlainRequest & { readonly body: string }, Record<string, string>] {
    const request = requestWith(host, body);
    const ways: readonly SigningKey[] = [
      { ...right(), secretKey: `wrong-${n}` },
      { ...right(), accessKey: `AK${n}-${'x'.repeat(480)}` },
      { ...right(), date: sdkDate(app.clock.now() - 3_600_000) },
    ];
    if (n % 4 === 3) return [request, signed({ ...request, body: '{"another":"body"}' }, right())];
    return [request, signed(request, ways[n % 4] ?? right())];
  }

  const send = async ({ body }: { readonly body: string }, headers: Record<string, string>) =>
    (await app.overHttp('POST', `/${path.join('/')}`, body, headers)).status;

  async function metric(name: RegExp): Promise<number> {
    return Number(name.exec(String((await app.raw('GET', '/metrics')).body))?.[1] ?? 0);
  }

  function heapAfterCollection(): number {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  }

  it('is refused one by one, while right ones are accepted, and keeps no memory', { timeout: 60_000 }, async () => {
    const every = wrongCount / rightCount;
    const jobs = Array.from({ length: wrongCount + rightCount }, (_, n) => async () => {
      if (n % (every + 1) === every) {
        const request = requestWith(host, `{"n":${n}}`);
        return `right ${await send(request, signed(request, right()))}`;
      }
      return `wrong ${await send(...wrong(n, n % (wrongCount / wrongOfFullSizeCount) === 0 ? fullBody : '{}'))}`;
    });
    const turnedAway = /^sendoff_callers_turned_away_total\{code="APIG.0301".*\} (\d+)$/m;
    const turnedAwayBefore = await metric(turnedAway);
    const registryBefore = app.recordsOf('registry').length;
    const heapBefore = heapAfterCollection();
    const answers = new Map<string, number>();
    const worker = async () => {
      for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
        const answer = await job();
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));

    expect(Object.fromEntries(answers)).toEqual({ 'right 202': rightCount, 'wrong 401': wrongCount });
    expect((await metric(turnedAway)) - turnedAwayBefore).toBe(wrongCount);
    expect(app.recordsOf('invocations').length).toBe(rightCount);
    expect(app.recordsOf('registry').length).toBe(registryBefore);
    expect([...app.recordsOf('rejects'), ...app.recordsOf('activity')]).toEqual([]);
    expect(await metric(/^sendoff_body_bytes\{owner="unproved".*\} (\d+)$/m)).toBe(0);
    expect(heapAfterCollection() - heapBefore).toBeLessThan(grownBytesMax);
  });
});

describe('a wrong signature costs', () => {
  /**
   * A wrong signature takes as long to verify as a right one. The factor allows for other load on
   * the machine.
   */
  const timesMax = 3;
  const clock = new ManualClock();
  const registry = new Registry({ gateway: new MemoryKafka(), verifier: testVerifier });
  const keys = new KeyRing({ registry, sealer: new Sealer('k'.repeat(32)), logger: pino({ level: 'silent' }), first });
  const authenticator = new SignatureAuthenticator(keys, clock);

  const batches = 5;

  /**
   * Microseconds of processor time for verifying a request that often. The cheapest of five batches
   * counts: the others may hold a collection of garbage.
   */
  function cost(key: Partial<SigningKey>, body = '{}', rounds = 4_000): number {
    const request = requestWith('a:1', body);
    const headers = signed(request, { ...first, date: sdkDate(clock.now()), ...key });
    const payload = Buffer.from(body);
    const look = () => {
      const answer = authenticator.authenticate({ method: 'POST', url: `/${path.join('/')}`, headers });
      if (answer.kind === 'unverified') answer.verify(sha256Hex(payload));
    };
    for (let round = 0; round < rounds / 4; round++) look();
    const costs = Array.from({ length: batches }, () => {
      const before = process.cpuUsage();
      for (let round = 0; round < rounds / batches; round++) look();
      const { user, system } = process.cpuUsage(before);
      return user + system;
    });
    return Math.min(...costs) * batches;
  }

  it.each<[what: string, key: Partial<SigningKey>]>([
    ['under a wrong secret', { secretKey: 'wrong' }],
    ['under an unknown key', { accessKey: 'AKNOBODY' }],
    ['of another day', { date: sdkDate(clock.now() - 86_400_000) }],
  ])('no more than a right one %s', (_what, key) => {
    expect(cost(key)).toBeLessThan(timesMax * cost({}));
  });

  it('nothing for the body, however large, under an unknown key', () => {
    const body = 'x'.repeat(limits.payloadBytesMax);
    expect(cost({ accessKey: 'AKNOBODY' }, body, 200) * 2).toBeLessThan(cost({}, body, 200));
  });
});
