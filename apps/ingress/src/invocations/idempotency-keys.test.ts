/**
 * Goal: a key belongs to one invocation, in every process, after any number of requests, whatever
 * dies in between. Method: two whole ingresses over one in-memory broker, called through HTTP. The
 * tests count records in the topics.
 */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeInvocation, encodeIdempotency, PlatformError } from '#contracts';
import type { Publisher } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import { eventually, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

const dayMs = 86_400_000;
const path = '/fgs/functions/hello/invocations-async';

/** A publisher that fails for the records of one topic. */
function failingAt(topic: string, publisher: Publisher): Publisher {
  return {
    publish: (records) =>
      [records].flat().some((record) => record.topic === topic)
        ? Promise.reject(new PlatformError('BROKER_UNAVAILABLE'))
        : publisher.publish(records),
    close: () => publisher.close(),
  };
}

describe('an idempotency key', () => {
  let kafka: MemoryKafka;
  let clock: ManualClock;
  let one: IngressApp;
  let other: IngressApp;

  beforeEach(async () => {
    kafka = new MemoryKafka();
    clock = new ManualClock();
    one = await IngressApp.start({ gateway: kafka.beside(), clock });
    other = await IngressApp.start({ gateway: kafka.beside(), clock });
    await one.createFunction('hello');
    await one.createFunction('other');
    await eventually(async () => (await other.call('GET', '/fgs/functions/other/config')).status === 200);
  });
  afterEach(async () => {
    await Promise.all([one.close(), other.close()]);
  });

  const invoke = (app: IngressApp, key: string, body: unknown = { n: 1 }, at = path) =>
    app.call('POST', at, body, { 'idempotency-key': key });
  const invocations = () => one.recordsOf('invocations').map((record) => decodeInvocation(record));

  it('gives the same request id for the same event, and one invocation', async () => {
    const first = await invoke(one, 'k1');
    const second = await invoke(one, 'k1');
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual(first.body);
    expect(invocations().map(({ requestId }) => requestId)).toEqual([first.body.request_id]);
  });

  it('holds across processes, at once and one after the other', async () => {
    const answers = await Promise.all([one, other, one, other, one, other].map((app) => invoke(app, 'k1')));
    answers.push(await invoke(other, 'k1'));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.request_id}`)).size).toBe(1);
    expect(invocations()).toHaveLength(1);
  });

  it('holds after a restart', async () => {
    const { body } = await invoke(one, 'k1');
    const restarted = await IngressApp.start({ gateway: kafka.beside(), clock });
    expect((await invoke(restarted, 'k1')).body).toEqual(body);
    expect(invocations()).toHaveLength(1);
    await restarted.close();
  });

  it('may have the quotes of the draft', async () => {
    const { body } = await invoke(one, 'k1');
    expect((await invoke(one, '"k1"')).body).toEqual(body);
  });

  it.each(['', '"', '"k1', 'k1"', '""', 'a b', 'é', 'x'.repeat(256)])('is refused as %j, and nothing is written', async (key) => {
    const answer = await invoke(one, key);
    expect([answer.status, answer.body.error_code, invocations()]).toEqual([400, 'FSS.0400', []]);
  });

  it('belongs to one function, in any form of its name', async () => {
    const { body } = await invoke(one, 'k1');
    const inFull = '/fgs/functions/urn:fss:local:p1:function:default:hello:latest/invocations-async';
    expect((await invoke(one, 'k1', { n: 1 }, inFull)).body).toEqual(body);
    expect((await invoke(one, 'k1', { n: 1 }, '/fgs/functions/other/invocations-async')).body).not.toEqual(body);
    expect(invocations()).toHaveLength(2);
  });

  it('with another event is a conflict, and nothing is written', async () => {
    await invoke(one, 'k1');
    const answer = await invoke(other, 'k1', { n: 2 });
    expect([answer.status, answer.body]).toEqual([
      422,
      { error_code: 'FSS.0422', error_msg: expect.stringContaining('Idempotency-Key') },
    ]);
    expect(invocations()).toHaveLength(1);
  });

  it('returns its invocation after the function was disabled, while a new key is refused', async () => {
    const { body } = await invoke(one, 'k1');
    await one.must('PUT', '/fgs/functions/hello/config-max-instance', { max_instance_num: 0 });
    const repeated = await invoke(one, 'k1');
    expect([repeated.status, repeated.body]).toEqual([202, body]);
    expect((await invoke(one, 'k2')).status).toBe(429);
    expect((await invoke(one, 'k1', { n: 2 })).status).toBe(429);
    expect(invocations()).toHaveLength(1);
  });

  describe('of a function that was removed and made anew', () => {
    const remake = async () => {
      await one.call('DELETE', '/fgs/functions/hello');
      await clock.advance(1);
      await one.createFunction('hello');
      const { func_id: id } = await one.must('GET', '/fgs/functions/hello/config');
      await eventually(async () => (await other.call('GET', '/fgs/functions/hello/config')).body.func_id === id);
    };

    it.each([
      ['the same event', { n: 1 }],
      ['another event', { n: 2 }],
    ])('is free for the new function: %s runs', async (_what, event) => {
      const { body } = await invoke(one, 'k1');
      await remake();
      const anew = await invoke(other, 'k1', event);
      expect([anew.status, (await invoke(one, 'k1', event)).body]).toEqual([202, anew.body]);
      const ids = invocations().map(({ requestId }) => requestId);
      expect(new Set(ids)).toEqual(new Set([body.request_id, anew.body.request_id]));
      expect(ids).toHaveLength(2);
      expect(new Set(invocations().map(({ functionId }) => functionId)).size).toBe(2);
    });

    it('does not answer for the new function while that is disabled', async () => {
      await invoke(one, 'k1');
      await remake();
      await one.must('PUT', '/fgs/functions/hello/config-max-instance', { max_instance_num: 0 });
      expect((await invoke(one, 'k1')).status).toBe(429);
    });

    it('counts as a key of an earlier release does: only if the function was there already', async () => {
      const bareUrn = 'urn:fss:local:p1:function:default:hello';
      const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
      const key = `${digest(bareUrn).slice(0, 16)}.${digest(`${bareUrn} k1`)}`;
      const claim = { requestId: 'r-1', payloadDigest: digest('{"n":1}'), claimant: 'c-1' };
      for (const event of [
        { kind: 'claimed', ...claim, at: clock.now() },
        { kind: 'accepted', requestId: 'r-1', at: clock.now() },
      ] as const)
        await kafka.publisher.publish(encodeIdempotency('sendoff.idempotency', key, event));
      await eventually(async () => (await invoke(one, 'k1')).body.request_id === 'r-1');
      expect(invocations()).toEqual([]);
      await remake();
      expect((await invoke(one, 'k1')).body.request_id).not.toBe('r-1');
      expect(invocations()).toHaveLength(1);
    });
  });

  it('is shared by the versions of a function', async () => {
    await one.must('POST', '/fgs/functions/hello/versions', { version: 'v1' });
    const { body } = await invoke(one, 'k1');
    const ofVersion = '/fgs/functions/urn:fss:local:p1:function:default:hello:v1/invocations-async';
    expect((await invoke(one, 'k1', { n: 1 }, ofVersion)).body).toEqual(body);
  });

  // All timers of a day of two ingresses come due: about 3 s on an idle machine.
  it('is free again after a day', { timeout: 60_000 }, async () => {
    const { body } = await invoke(one, 'k1');
    await clock.advance(dayMs - 1);
    expect((await invoke(one, 'k1')).body).toEqual(body);
    await clock.advance(1);
    expect((await invoke(one, 'k1', { n: 2 })).body).not.toEqual(body);
    expect(invocations()).toHaveLength(2);
  });

  it('is taken over under the same request id when its claimant has died', async () => {
    const dying = kafka.beside();
    const { publisher } = dying;
    const app = await IngressApp.start({
      gateway: Object.assign(dying, { publisher: failingAt('sendoff.invocations', publisher) }),
      clock,
    });
    expect((await invoke(app, 'k1')).status).toBe(503);
    await app.close();
    const [claim] = one.recordsOf('idempotency').map(({ value }) => JSON.parse(String(value)) as { requestId: string });
    const pending = invoke(other, 'k1');
    await eventually(async () => {
      await clock.advance(500);
      return invocations().length === 1;
    });
    expect((await pending).body).toEqual({ request_id: claim?.requestId });
    expect((await invoke(one, 'k1')).body).toEqual({ request_id: claim?.requestId });
    expect(invocations().map(({ requestId }) => requestId)).toEqual([claim?.requestId]);
  });

  it('is evicted only beyond the bound, oldest first, and counted', async () => {
    const small = await IngressApp.start({ gateway: kafka.beside(), clock, env: { INGRESS_IDEMPOTENCY_KEYS_MAX: '2' } });
    const answers = [];
    for (const key of ['a', 'b', 'c']) answers.push((await invoke(small, key)).body);
    expect((await invoke(small, 'c')).body).toEqual(answers[2]);
    expect((await invoke(small, 'b')).body).toEqual(answers[1]);
    expect((await invoke(small, 'a')).body).not.toEqual(answers[0]);
    await small.close();
  });

  it('of one function is not evicted by a flood of keys of another', async () => {
    const small = await IngressApp.start({ gateway: kafka.beside(), clock, env: { INGRESS_IDEMPOTENCY_KEYS_MAX: '10' } });
    const invokeOf = async (name: string, key: string) =>
      (await small.call('POST', `/fgs/functions/${name}/invocations-async`, { a: 1 }, { 'idempotency-key': key })).body;
    await small.createFunction('flooding');
    await small.createFunction('quiet');
    const first = await invokeOf('quiet', 'mine');
    for (let index = 0; index < 40; index++) await invokeOf('flooding', `key-${index}`);
    expect(await invokeOf('quiet', 'mine')).toEqual(first);
    await small.close();
  });

  it.each([
    ['is empty', ''],
    ['has a space', 'a b'],
    ['is longer than 255', 'a'.repeat(256)],
    ['is not ASCII', 'é'],
  ])('that %s is refused, naming the header', async (_what, key) => {
    const answer = await invoke(one, key);
    expect([answer.status, answer.body]).toEqual([
      400,
      { error_code: 'FSS.0400', error_msg: expect.stringContaining('Idempotency-Key') },
    ]);
    expect(invocations()).toEqual([]);
  });

  it('answers 503 while the brokers are gone, and accepts when they are back', async () => {
    kafka.setReachable(false);
    expect((await invoke(one, 'k1')).status).toBe(503);
    kafka.setReachable(true);
    const { status, body } = await invoke(one, 'k1');
    expect(status).toBe(202);
    expect(invocations().map(({ requestId }) => requestId)).toEqual([body.request_id]);
  });
});
