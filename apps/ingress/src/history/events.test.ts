/**
 * Goal: events reach the clients that may see them. A client that was away goes on where it was.
 * Method: a whole ingress over the in-memory broker, with a fake status-logger. Without the type
 * of an event stream the answer ends at once; one test listens on a socket.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type LiveTransition } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

const urnOf = (name: string) => `urn:fss:local:p1:function:default:${name}:latest`;
const started = (number: number, given: Partial<LiveTransition> = {}): LiveTransition => ({
  number,
  requestId: `r${number}`,
  functionUrn: urnOf('hello'),
  status: 'RUNNING',
  transition: { at: builtAt, kind: 'started', attempt: 1 },
  ...given,
});
const path = '/sendoff/events';

let app: IngressApp;
let port = 0;
let isDraining = false;
const clock = new ManualClock(builtAt);
const limited = { accessKey: '', secretKey: '' };
beforeAll(async () => {
  app = await IngressApp.start({ clock, isDraining: () => isDraining });
  await app.createFunction('hello');
  const key = await app.must('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
  Object.assign(limited, { accessKey: key.access_key, secretKey: key.secret_key });
  port = await app.listen();
}, 60_000);
afterAll(async () => app.close());
beforeEach(() => {
  Object.assign(app.live, { held: [], process: 'aaaa', lost: 0 });
});

/** The events in a text, as `[event, id, request id]`. */
const eventsIn = (text: string) =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [event = '', id = '', data = ''] = block.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
      return [event, id, (JSON.parse(data) as { request_id?: string }).request_id];
    });
const since = async (lastEventId: string, query = '') =>
  eventsIn((await app.call('GET', path + query, undefined, { 'last-event-id': lastEventId })).body as string);

describe('events', () => {
  it('begin now without an id, and after the id with one', async () => {
    app.live.held = [started(1), started(2)];
    expect(eventsIn((await app.call('GET', path)).body as string)).toEqual([['open', 'aaaa:2', undefined]]);
    expect(await since('aaaa:1')).toEqual([
      ['transition', 'aaaa:2', 'r2'],
      ['open', 'aaaa:2', undefined],
    ]);
  });

  it('tell a gap if transitions are no longer held, or were held by a process that has ended', async () => {
    Object.assign(app.live, { held: [started(3)], lost: 2 });
    expect((await since('aaaa:1')).map(([event]) => event)).toEqual(['gap', 'transition', 'open']);
    expect((await since('bbbb:1')).map(([event]) => event)).toEqual(['gap', 'open']);
  });

  it('are those that the caller asks for', async () => {
    app.live.held = [
      started(1),
      started(2, { functionUrn: urnOf('other') }),
      started(3, { status: 'FAIL', transition: { at: builtAt, kind: 'settled', attempt: 1, condition: 'SystemError' } }),
    ];
    const found = async (query: string) => (await since('aaaa:0', query)).flatMap(([, , requestId]) => requestId ?? []);
    expect(await found('?function=hello')).toEqual(['r1', 'r3']);
    expect(await found('?status=FAIL')).toEqual(['r3']);
    expect(await found('?request_id=r2')).toEqual(['r2']);
  });

  it('are those of its own functions for a limited key', async () => {
    app.live.held = [started(1), started(2, { functionUrn: urnOf('other') })];
    const key = { 'last-event-id': 'aaaa:0' };
    const answer = await app.signedOverHttp('GET', `/v2/p1${path}`, undefined, limited, key);
    expect(eventsIn(answer.body as string).map(([, , requestId]) => requestId)).toEqual(['r1', undefined]);
  });

  it.each([
    ['?status=ENDED', {}, 'FSS.1001'],
    ['', { 'last-event-id': 'yesterday' }, 'FSS.0400'],
  ])('are refused for %s with %j', async (query, headers, code) => {
    expect((await app.call('GET', path + query, undefined, headers)).body).toMatchObject({ error_code: code });
  });

  it('come live until the process drains', async () => {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const { body } = await fetch(`http://127.0.0.1:${port}/v2/p1${path}`, {
      headers: { accept: 'text/event-stream', 'x-auth-token': IngressApp.token },
      signal: stop.signal,
    });
    const reader = (body ?? expect.fail()).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const readTo = async (part: string) => {
      while (!text.includes(part)) {
        const { value, done } = await reader.read();
        if (done) return;
        text += value;
      }
    };
    await readTo('event: open');
    app.live.held = [started(1)];
    await clock.advance(250);
    await readTo('"r1"');
    expect(eventsIn(text)).toEqual([
      ['open', 'aaaa:0', undefined],
      ['transition', 'aaaa:1', 'r1'],
    ]);
    await clock.advance(15_000);
    await readTo(': heartbeat');
    isDraining = true;
    await clock.advance(250);
    await readTo('never sent');
    isDraining = false;
  });
});
