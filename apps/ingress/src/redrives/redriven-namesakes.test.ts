/**
 * Goal: a redrive runs an event only on the function that it was accepted for, unless its caller
 * asks for more. Method: a whole ingress over the in-memory broker. Functions are removed and made
 * anew under their names; all events of before have failed.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { conditions, decodeInvocation, type FoundRecord } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp, inlineCode } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeEach(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
  app.records.query = async () => ({ records: [], count: 0 });
});
afterEach(() => app?.close());

const written = () =>
  ['invocations', 'invocations.bulk'].flatMap((topic) => app.recordsOf(topic).map((record) => ({ topic, record })));
const children = () =>
  written()
    .map(({ record }) => decodeInvocation(record))
    .filter(({ tags = [] }) => tags.some((tag) => tag.startsWith('redrive.')));

/** Invokes a function, version or alias. The invocation has failed then, as the records show it. */
async function failed(name: string): Promise<string> {
  const { request_id: requestId } = await app.must('POST', `/fgs/functions/${name}/invocations-async`, {});
  const found = written().find(({ record }) => record.key === requestId) ?? expect.fail(`no record of ${requestId}`);
  const { functionUrn, project, acceptedAt } = decodeInvocation(found.record);
  const { partition, offset } = found.record;
  const record = {
    ...{ requestId, functionUrn, project, acceptedAt, status: 'FAIL', attempts: 1, tags: [], deliveries: [] },
    ...{ errorCode: conditions.UnhandledInvocationError.errorCode, errorMessage: 'no luck' },
    places: [{ topic: found.topic, partition, offset: Number(offset), at: acceptedAt }],
  } as FoundRecord;
  app.records.search = async () => ({ records: [record] });
  await app.clock.advance(1_000);
  return requestId;
}

async function remake(name: string): Promise<void> {
  await app.call('DELETE', `/fgs/functions/${name}`);
  await app.createFunction(name);
}

/** Starts a redrive, and waits until it has looked at everything. */
async function redrive(body: object = {}): Promise<{ sent: number; refused: readonly object[] }> {
  const { id } = await app.must('POST', '/sendoff/redrives', body);
  for (let second = 0; second < 20; second += 1) {
    const shown = await app.must('GET', `/sendoff/redrives/${id}`);
    if (shown.selected === 1) return { sent: shown.sent, refused: shown.refused };
    await app.clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return expect.fail(JSON.stringify(await app.must('GET', `/sendoff/redrives/${id}`)));
}

const refused = { sent: 0, refused: [{ reason: 'function-made-anew', count: 1 }] };
const sent = { sent: 1, refused: [] };

describe('a redrive of an event', () => {
  it('whose function was made anew is refused, and its preview tells so', async () => {
    const name = await app.aFunction();
    await failed(name);
    await remake(name);
    const preview = await app.must('POST', '/sendoff/redrives', { dry_run: true });
    expect(preview).toMatchObject({ selected: 1, startable: 0, refused: refused.refused });
    expect(await redrive()).toEqual(refused);
    expect(children()).toEqual([]);
  });

  it('starts it on the function that was made anew if the caller asks for that', async () => {
    const name = await app.aFunction();
    const parent = await failed(name);
    await remake(name);
    const asked = { made_anew: true };
    expect(await app.must('POST', '/sendoff/redrives', { ...asked, dry_run: true })).toMatchObject({ startable: 1, refused: [] });
    expect(await redrive(asked)).toEqual(sent);
    const { func_id: functionId } = await app.must('GET', `/fgs/functions/${name}/config`);
    expect(children()).toMatchObject([{ functionId, tags: expect.arrayContaining([`redrive-of.${parent}`]) }]);
    const [{ made_anew: shown }] = (await app.must('GET', '/sendoff/redrives')).redrives;
    expect(shown).toBe(true);
  });

  it('starts it on a function whose code was changed', async () => {
    const name = await app.aFunction();
    await failed(name);
    await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode('exports.handler = async () => 7;'));
    expect(await redrive()).toEqual(sent);
  });

  it('of a version that was published anew is refused', async () => {
    const name = await app.published('v1');
    const version = `urn:fss:local:${IngressApp.project}:function:default:${name}:v1`;
    await failed(version);
    await app.call('DELETE', `/fgs/functions/${version}`);
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    expect(await redrive()).toEqual(refused);
  });

  it('of an alias starts it on the version that the alias names now, but not on a namesake', async () => {
    const name = await app.published('v1', 'v2');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'live', version: 'v1' });
    const alias = `urn:fss:local:${IngressApp.project}:function:default:${name}:!live`;
    await failed(alias);
    await app.must('PUT', `/fgs/functions/${name}/aliases/live`, { version: 'v2' });
    expect(await redrive()).toEqual(sent);
    expect(children().map(({ functionUrn }) => functionUrn.split(':').at(-1))).toEqual(['v2']);
    await app.call('DELETE', `/fgs/functions/${name}`);
    await app.publish(name, 'v2');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'live', version: 'v2' });
    expect(await redrive()).toEqual(refused);
  });

  it('is judged by the time of acceptance if a release of before wrote its record', async () => {
    const name = await app.aFunction();
    await failed(name);
    const find = app.kafka.recordsFrom.bind(app.kafka);
    app.kafka.recordsFrom = async (...place) =>
      (await find(...place)).map(({ headers: { 'function-id': _id, ...headers }, ...record }) => ({ ...record, headers }));
    expect(await redrive()).toEqual(sent);
    await app.clock.advance(1_000);
    await remake(name);
    expect(await redrive()).toEqual(refused);
  });
});

it('refuses made_anew for notices, whose targets are bound by their own ids', async () => {
  expect(await app.refusal('POST', '/sendoff/redrives', { of: 'undelivered', made_anew: true })).toEqual([400, 'FSS.0400']);
});
