/**
 * Goal: the ingress adds, replaces, removes and shows tags of functions without restarting their
 * instances.
 * Method: a whole ingress over the in-memory broker.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtAt, ManualClock } from '#testing';
import { functionBody, IngressApp, inlineCode } from '../../testing/ingress-app.ts';

let app: IngressApp;
let name: string;
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
});
afterAll(async () => app.close());
beforeEach(async () => {
  name = await app.aFunction();
});

type Tag = { readonly key: string; readonly value?: string };
const many = (count: number): Tag[] => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: 'v' }));
const urnOf = (qualifier: string) => `urn:fss:local:p1:function:default:${name}:${qualifier}`;
const pathOf = (urn = name) => `/functions/${urn}/tags`;
const shown = (urn = name) => app.must('GET', pathOf(urn));
const add = (...tags: Tag[]) => app.call('POST', `${pathOf()}/create`, { tags });
const remove = (...tags: Tag[]) => app.call('DELETE', `${pathOf()}/delete`, { tags });

describe('the tags of a function', () => {
  it('are an empty list at first', async () => {
    expect(await shown()).toEqual({ tags: [], sys_tags: [] });
  });

  it('can be added, replaced by key and removed, each with 204 and no body', async () => {
    const answers = [
      await add({ key: 'team', value: 'orders' }, { key: 'blank' }),
      await add({ key: 'team', value: 'shop' }, { key: 'stage', value: 'test' }),
    ];
    expect(await shown()).toEqual({
      tags: [
        { key: 'team', value: 'shop' },
        { key: 'blank', value: '' },
        { key: 'stage', value: 'test' },
      ],
      sys_tags: [],
    });
    answers.push(await remove({ key: 'team', value: 'whatever' }, { key: 'nowhere' }));
    expect((await shown()).tags.map(({ key }: Tag) => key)).toEqual(['blank', 'stage']);
    answers.push(await remove({ key: 'blank' }, { key: 'stage' }));
    expect(await shown()).toEqual({ tags: [], sys_tags: [] });
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(4).fill([204, undefined]));
  });

  it('may have keys that every JavaScript object has', async () => {
    await add({ key: '__proto__', value: 'a' }, { key: 'constructor', value: 'b' });
    expect((await shown()).tags).toEqual([
      { key: '__proto__', value: 'a' },
      { key: 'constructor', value: 'b' },
    ]);
  });

  it('are 20 at most, and each of the 20 can be replaced', async () => {
    expect((await add(...many(20))).status).toBe(204);
    const refused = await add({ key: 'more' });
    expect([refused.status, refused.body]).toEqual([
      400,
      { error_code: 'FSS.0400', error_msg: 'a function may have 20 tags at most' },
    ]);
    expect((await add({ key: 'k7', value: 'w' })).status).toBe(204);
    expect((await shown()).tags).toEqual(many(20).map((tag) => (tag.key === 'k7' ? { key: 'k7', value: 'w' } : tag)));
  });

  it.each<[what: string, body: unknown, message: string]>([
    ['no body', undefined, 'the body must be a JSON object'],
    ['no tags', {}, 'tags must be an array'],
    ['an object of tags', { tags: { team: 'a' } }, 'tags must be an array'],
    ['an empty list', { tags: [] }, 'tags must contain at least 1 elements'],
    ['21 tags', { tags: many(21) }, 'tags must contain no more than 20 elements'],
    ['a string instead of a tag', { tags: ['team'] }, 'tags.0 must be an object'],
    ['a tag without a key', { tags: [{ value: 'a' }] }, 'tags.0.key must be a string'],
    ['a tag with an empty key', { tags: [{ key: '' }] }, 'tags.0.key must be longer than or equal to 1 characters'],
    [
      'a key of 129 characters',
      { tags: [{ key: 'x'.repeat(129) }] },
      'tags.0.key must be shorter than or equal to 128 characters',
    ],
    ['a number as a value', { tags: [{ key: 'a', value: 5 }] }, 'tags.0.value must be a string'],
    [
      'a value of 256 characters',
      { tags: [{ key: 'a', value: 'x'.repeat(256) }] },
      'tags.0.value must be shorter than or equal to 255 characters',
    ],
  ])('stay as they are after a body with %s', async (_what, body, message) => {
    await add({ key: 'team', value: 'a' });
    for (const [method, verb] of [
      ['POST', 'create'],
      ['DELETE', 'delete'],
    ] as const) {
      const answer = await app.call(method, `${pathOf()}/${verb}`, body);
      expect([answer.status, answer.body]).toEqual([400, { error_code: 'FSS.0400', error_msg: message }]);
    }
    expect((await shown()).tags).toEqual([{ key: 'team', value: 'a' }]);
  });

  it('may have keys of 128 and values of 255 characters', async () => {
    const longest = { key: 'x'.repeat(128), value: 'y'.repeat(255) };
    await add(longest);
    expect((await shown()).tags).toEqual([longest]);
  });

  it('stay after an update of configuration and of code', async () => {
    await add({ key: 'team', value: 'a' });
    await app.must('PUT', `/fgs/functions/${name}/config`, functionBody(name));
    await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode('exports.handler = 2;'));
    expect((await shown()).tags).toEqual([{ key: 'team', value: 'a' }]);
  });

  it.each([
    ['an unknown function', 'nowhere', 404, 'FSS.1051'],
    ['an alias of an unknown function', 'p1:default:nowhere:!prod', 404, 'FSS.1051'],
    ['a function of another project', 'p2:default:nowhere', 403, 'FSS.0403'],
    ['a malformed URN', 'a:b:c:d:e', 400, 'FSS.1309'],
  ])('cannot be read or changed for %s', async (_what, urn, status, code) => {
    const body = { tags: [{ key: 'a' }] };
    expect(await app.refusal('GET', pathOf(urn))).toEqual([status, code]);
    expect(await app.refusal('POST', `${pathOf(urn)}/create`, body)).toEqual([status, code]);
    expect(await app.refusal('DELETE', `${pathOf(urn)}/delete`, body)).toEqual([status, code]);
  });
});

describe('tags in the body of a function', () => {
  const tags = [
    { key: 'team', value: 'orders' },
    { key: 'blank', value: '' },
  ];

  it.each<[form: string, tagsField: unknown]>([
    ['a list', [tags[0], { key: 'blank' }]],
    ['a list as JSON in a string', JSON.stringify(tags)],
  ])('become the tags of the function at creation and update: %s', async (_form, tagsField) => {
    const tagged = await app.aFunction({ tags: tagsField });
    expect((await shown(tagged)).tags).toEqual(tags);
    expect((await app.must('GET', `/fgs/functions/${tagged}/config`)).tags).toEqual(tags);
    await app.must('PUT', `/fgs/functions/${name}/config`, functionBody(name, { tags: tagsField }));
    expect((await shown()).tags).toEqual(tags);
    await add({ key: 'more' });
    const all = [...tags, { key: 'more', value: '' }];
    expect((await app.must('GET', `/fgs/functions/${name}/config`)).tags).toEqual(all);
    await app.must('PUT', `/fgs/functions/${name}/config`, functionBody(name, { tags: [] }));
    expect((await shown()).tags).toEqual([]);
  });

  it.each([
    ['21 tags', many(21), 'tags must contain no more than 20 elements'],
    ['a tag without a key', [{ value: 'a' }], 'tags.0.key must be a string'],
    ['a JSON string with a string instead of a tag', '["a"]', 'tags.0 must be an object'],
  ])('obey the same rules: the ingress refuses %s', async (_what, tagsField, message) => {
    const { status, body } = await app.call('POST', '/fgs/functions', functionBody('never', { tags: tagsField }));
    expect([status, body]).toEqual([400, { error_code: 'FSS.0400', error_msg: message }]);
  });

  it('of another form pass through until the first tag is added', async () => {
    const tagged = await app.aFunction({ tags: 'team=a' });
    expect((await app.must('GET', `/fgs/functions/${tagged}/config`)).tags).toBe('team=a');
    expect((await shown(tagged)).tags).toEqual([]);
    await app.must('POST', `${pathOf(tagged)}/create`, { tags: [{ key: 'team', value: 'b' }] });
    expect((await app.must('GET', `/fgs/functions/${tagged}/config`)).tags).toEqual([{ key: 'team', value: 'b' }]);
  });
});

describe('a change of tags', () => {
  it('changes no other field of the function, modifiedAt included', async () => {
    const before = await app.must('GET', `/fgs/functions/${name}/config`);
    await app.clock.advance(60_000);
    await add({ key: 'team', value: 'a' });
    await remove({ key: 'team' });
    await add({ key: 'team', value: 'b' });
    expect(await app.must('GET', `/fgs/functions/${name}/config`)).toEqual({ ...before, tags: [{ key: 'team', value: 'b' }] });
  });

  it('is no reason to publish a version', async () => {
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    await add({ key: 'team', value: 'a' });
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, { version: 'v2' })).toEqual([400, 'FSS.1016']);
  });

  it('is visible at every version and alias, and is refused for a published version', async () => {
    await add({ key: 'team', value: 'a' });
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'prod', version: 'v1' });
    await add({ key: 'team', value: 'b' });
    for (const qualifier of ['latest', 'v1', '!prod'])
      expect((await shown(urnOf(qualifier))).tags).toEqual([{ key: 'team', value: 'b' }]);
    expect(await app.refusal('POST', `${pathOf(urnOf('v1'))}/create`, { tags: [{ key: 'a' }] })).toEqual([400, 'FSS.0400']);
  });
});
