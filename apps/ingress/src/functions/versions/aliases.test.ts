/**
 * Goal: aliases behave as the API documents, each refusal has its code, and an invocation runs the
 * version that its alias chose.
 * Method: a whole ingress over the in-memory broker; the tests read accepted invocations from the
 * topics.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp, inlineCode } from '../../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(async () => app.close());

const urnOf = (name: string, qualifier: string) => `urn:fss:local:p1:function:default:${name}:${qualifier}`;

const acceptedBy = async (name: string, headers: Record<string, string> = {}) => {
  const answer = await app.call('POST', `/fgs/functions/${name}/invocations-async`, {}, headers);
  const record = app.recordsOf('invocations').find((one) => one.headers['request-id'] === answer.body.request_id);
  return { status: answer.status, urn: record?.headers['function-urn'], alias: record?.headers['alias'], record };
};

describe('an alias', () => {
  const rules = { combine_type: 'and', rules: [{ rule_type: 'Header', param: 'X-Group', op: 'in', value: 'beta,gamma' }] };

  it('can be created, shown, listed, updated and removed', async () => {
    const name = await app.published('v1', 'v2');
    const body = { name: 'prod', version: 'v1', description: 'for users', additional_version_weights: { v2: 20 } };
    const made = await app.must('POST', `/fgs/functions/${name}/aliases`, body);
    expect(made).toEqual({
      ...body,
      alias_urn: urnOf(name, '!prod'),
      last_modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
    });
    expect(await app.must('GET', `/fgs/functions/${name}/aliases/prod`)).toEqual(made);
    expect(await app.must('GET', `/fgs/functions/${urnOf(name, 'v2')}/aliases`)).toEqual([made]);
    const moved = { version: 'v2', additional_version_strategy: { v1: rules } };
    expect(await app.must('PUT', `/fgs/functions/${name}/aliases/prod`, moved)).toEqual({
      ...moved,
      name: 'prod',
      description: '',
      alias_urn: urnOf(name, '!prod'),
      last_modified: expect.any(String),
    });
    expect((await app.call('DELETE', `/fgs/functions/${name}/aliases/prod`)).status).toBe(204);
    expect(await app.refusal('GET', `/fgs/functions/${name}/aliases/prod`)).toEqual([404, 'FSS.1053']);
    expect((await app.call('GET', `/fgs/functions/${urnOf(name, 'v1')}/config`)).status).toBe(200);
  });

  it.each<[what: string, body: Record<string, unknown>, status: number, code: string]>([
    ['a name with a colon', { name: 'a:b', version: 'v1' }, 400, 'FSS.1014'],
    ['a name that begins with a digit', { name: '1a', version: 'v1' }, 400, 'FSS.1014'],
    ['a name of 65 characters', { name: 'a'.repeat(65), version: 'v1' }, 400, 'FSS.1014'],
    ['no name', { version: 'v1' }, 400, 'FSS.1014'],
    ['no version', { name: 'a' }, 400, 'FSS.1015'],
    ['a malformed version', { name: 'a', version: '!v1' }, 400, 'FSS.1015'],
    ['an unknown version', { name: 'a', version: 'v9' }, 404, 'FSS.1052'],
    ['a description of 513 characters', { name: 'a', version: 'v2', description: 'x'.repeat(513) }, 400, 'FSS.1019'],
    ['a name that is taken', { name: 'taken', version: 'v2' }, 409, 'FSS.1063'],
    ['a version that has an alias', { name: 'a', version: 'v1' }, 409, 'FSS.1066'],
    ['latest as second version', { name: 'a', version: 'v2', additional_version_weights: { latest: 1 } }, 400, 'FSS.1091'],
    ['a malformed second version', { name: 'a', version: 'v2', additional_version_weights: { '': 1 } }, 400, 'FSS.1091'],
    ['two second versions', { name: 'a', version: 'v2', additional_version_weights: { v1: 1, v3: 1 } }, 400, 'FSS.1091'],
    ['an unknown second version', { name: 'a', version: 'v2', additional_version_weights: { v9: 1 } }, 404, 'FSS.1052'],
    ['a weight below 0', { name: 'a', version: 'v2', additional_version_weights: { v1: -1 } }, 400, 'FSS.1092'],
    ['a weight over 100', { name: 'a', version: 'v2', additional_version_weights: { v1: 101 } }, 400, 'FSS.1092'],
    ['a weight that is not whole', { name: 'a', version: 'v2', additional_version_weights: { v1: 0.5 } }, 400, 'FSS.1092'],
    ['a weight that is not a number', { name: 'a', version: 'v2', additional_version_weights: { v1: '50' } }, 400, 'FSS.1092'],
    [
      'its main version as the weighted version',
      { name: 'a', version: 'v2', additional_version_weights: { v2: 1 } },
      400,
      'FSS.1093',
    ],
    [
      'its main version as the version of a rule',
      { name: 'a', version: 'v2', additional_version_strategy: { v2: rules } },
      400,
      'FSS.1093',
    ],
    [
      'latest as the version of a rule',
      { name: 'a', version: 'v2', additional_version_strategy: { latest: rules } },
      400,
      'FSS.1091',
    ],
    [
      'no rules',
      { name: 'a', version: 'v2', additional_version_strategy: { v1: { combine_type: 'or', rules: [] } } },
      400,
      'FSS.0400',
    ],
    [
      'an unknown combine_type',
      { name: 'a', version: 'v2', additional_version_strategy: { v1: { ...rules, combine_type: 'xor' } } },
      400,
      'FSS.0400',
    ],
    [
      'an unknown rule_type',
      {
        name: 'a',
        version: 'v2',
        additional_version_strategy: { v1: { ...rules, rules: [{ ...rules.rules[0], rule_type: 'Body' }] } },
      },
      400,
      'FSS.0400',
    ],
    [
      '11 rules',
      { name: 'a', version: 'v2', additional_version_strategy: { v1: { ...rules, rules: Array(11).fill(rules.rules[0]) } } },
      400,
      'FSS.0400',
    ],
  ])('with %s is refused', async (_what, body, status, code) => {
    const name = await app.published('v1', 'v2');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'taken', version: 'v1' });
    expect(await app.refusal('POST', `/fgs/functions/${name}/aliases`, body)).toEqual([status, code]);
    expect((await app.must('GET', `/fgs/functions/${name}/aliases`)).length).toBe(1);
  });

  it('that does not exist cannot be shown, updated or removed', async () => {
    const name = await app.published('v1');
    for (const [method, body] of [['GET'], ['PUT', { version: 'v1' }], ['DELETE']] as const)
      expect(await app.refusal(method, `/fgs/functions/${name}/aliases/prod`, body)).toEqual([404, 'FSS.1053']);
  });

  it('can be updated to its own version, but not to the version of another alias', async () => {
    const name = await app.published('v1', 'v2');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'one', version: 'v1' });
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'two', version: 'v2' });
    expect((await app.call('PUT', `/fgs/functions/${name}/aliases/one`, { version: 'v1' })).status).toBe(200);
    expect(await app.refusal('PUT', `/fgs/functions/${name}/aliases/one`, { version: 'v2' })).toEqual([409, 'FSS.1066']);
  });

  it('is refused if the function has 10 aliases', async () => {
    const versions = Array.from({ length: 11 }, (_, index) => `v${index + 1}`);
    const name = await app.published(...versions);
    for (const version of versions.slice(0, 10))
      await app.must('POST', `/fgs/functions/${name}/aliases`, { name: `to-${version}`, version });
    expect(await app.refusal('POST', `/fgs/functions/${name}/aliases`, { name: 'more', version: 'v11' })).toEqual([
      403,
      'FSS.1043',
    ]);
  });

  it('stands for its version in other operations, and its deletion keeps the version', async () => {
    const name = await app.published('v1');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'prod', version: 'v1' });
    expect(await app.must('GET', `/fgs/functions/${urnOf(name, '!prod')}/config`)).toMatchObject({ func_urn: urnOf(name, 'v1') });
    const policy = await app.must('PUT', `/fgs/functions/p1:default:${name}:!prod/async-invoke-config`, {});
    expect(policy.func_urn).toBe(urnOf(name, 'v1'));
    expect(await app.refusal('PUT', `/fgs/functions/${urnOf(name, '!prod')}/code`, inlineCode('x'))).toEqual([400, 'FSS.0400']);
    expect((await app.call('DELETE', `/fgs/functions/${urnOf(name, '!prod')}`)).status).toBe(204);
    expect(await app.refusal('GET', `/fgs/functions/${name}/aliases/prod`)).toEqual([404, 'FSS.1053']);
    expect((await app.must('GET', `/fgs/functions/${urnOf(name, 'v1')}/async-invoke-config`)).func_urn).toBe(urnOf(name, 'v1'));
  });

  it('stands for all its versions in a query for records', async () => {
    const name = await app.published('v1', 'v2');
    const body = { name: 'prod', version: 'v1', additional_version_weights: { v2: 1 } };
    await app.must('POST', `/fgs/functions/${name}/aliases`, body);
    for (const [qualifier, versions] of [
      ['!prod', ['v1', 'v2']],
      ['v2', ['v2']],
      ['gone', ['gone']],
    ] as const) {
      await app.call('GET', `/fgs/functions/${urnOf(name, qualifier)}/async-invocations`);
      expect(app.records.queries.at(-1)?.functionUrns).toEqual(versions.map((version) => urnOf(name, version)));
    }
    expect(await app.refusal('GET', `/fgs/functions/${urnOf(name, '!x')}/async-invocations`)).toEqual([404, 'FSS.1053']);
  });
});

describe('an invocation', () => {
  it('has the full URN of the version that runs, whatever form the request used', async () => {
    const name = await app.published('v1');
    for (const form of [name, `default:${name}`, `p1:default:${name}`, urnOf(name, 'latest'), urnOf(name, 'latest').slice(0, -7)])
      expect(await acceptedBy(form)).toMatchObject({ status: 202, urn: urnOf(name, 'latest'), alias: undefined });
    for (const form of [`p1:default:${name}:v1`, urnOf(name, 'v1')])
      expect(await acceptedBy(form)).toMatchObject({ urn: urnOf(name, 'v1'), alias: undefined });
  });

  it('by an alias has the version, the alias and the policy of the version', async () => {
    const name = await app.published('v1');
    await app.must('PUT', `/fgs/functions/${urnOf(name, 'v1')}/async-invoke-config`, { max_async_retry_attempts: 3 });
    await app.must('PUT', `/fgs/functions/${name}/async-invoke-config`, { max_async_retry_attempts: 2 });
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'prod', version: 'v1' });
    const { record, ...accepted } = await acceptedBy(urnOf(name, '!prod'));
    expect(accepted).toEqual({ status: 202, urn: urnOf(name, 'v1'), alias: 'prod' });
    expect(record?.headers['retries-max']).toBe('3');
  });

  it('never runs a second version of weight 0, and always one of weight 100', async () => {
    const name = await app.published('v1', 'v2');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'prod', version: 'v1' });
    for (const [weight, version] of [
      [0, 'v1'],
      [100, 'v2'],
    ] as const) {
      await app.must('PUT', `/fgs/functions/${name}/aliases/prod`, { version: 'v1', additional_version_weights: { v2: weight } });
      const urns = await Promise.all(Array.from({ length: 20 }, async () => (await acceptedBy(urnOf(name, '!prod'))).urn));
      expect(new Set(urns)).toEqual(new Set([urnOf(name, version)]));
    }
  });

  it('runs the second version if its headers or cookies meet a rule', async () => {
    const name = await app.published('v1', 'v2');
    const rules = [
      { rule_type: 'Header', param: 'X-Group', op: '=', value: 'beta' },
      { rule_type: 'Cookie', param: 'group', op: '=', value: 'beta' },
    ];
    const strategy = { v2: { combine_type: 'or', rules } };
    await app.must('POST', `/fgs/functions/${name}/aliases`, {
      name: 'prod',
      version: 'v1',
      additional_version_strategy: strategy,
    });
    const prod = urnOf(name, '!prod');
    expect((await acceptedBy(prod)).urn).toBe(urnOf(name, 'v1'));
    expect((await acceptedBy(prod, { 'x-group': 'beta' })).urn).toBe(urnOf(name, 'v2'));
    expect((await acceptedBy(prod, { cookie: 'group=beta' })).urn).toBe(urnOf(name, 'v2'));
  });

  it('is refused for an unknown version, alias or function, and for a disabled function', async () => {
    const name = await app.published('v1');
    const invoke = async (urn: string) => app.refusal('POST', `/fgs/functions/${urn}/invocations-async`, {});
    expect(await invoke(urnOf(name, 'v2'))).toEqual([404, 'FSS.1052']);
    expect(await invoke(urnOf(name, '!v1'))).toEqual([404, 'FSS.1053']);
    expect(await invoke(urnOf('nowhere', 'v1'))).toEqual([404, 'FSS.1051']);
    await app.must('PUT', `/fgs/functions/${name}/config-max-instance`, { max_instance_num: 0 });
    expect(await invoke(name)).toEqual([429, 'FSS.0429']);
    expect(await invoke(urnOf(name, 'v1'))).toEqual([429, 'FSS.0429']);
  });
});

describe('a record at the Kafka door', () => {
  const requestId = '1167bf8c-87b0-43ab-8f5f-26b16c64f252';
  const versionsRun = () =>
    app
      .recordsOf('invocations')
      .filter(({ headers }) => headers['request-id'] === requestId)
      .map(({ headers }) => headers['function-urn']);

  it('runs the same version each time it is written, although its alias chooses at random', async () => {
    const name = await app.published('v1', 'v2');
    await app.must('POST', `/fgs/functions/${name}/aliases`, {
      name: 'prod',
      version: 'v1',
      additional_version_weights: { v2: 50 },
    });
    const headers = { 'sendoff-function': urnOf(name, '!prod'), 'sendoff-request-id': requestId };
    for (let time = 0; time < 8; time++) await app.produce('{}', headers);
    await expect.poll(() => versionsRun().length).toBe(8);
    expect(new Set(versionsRun()).size).toBe(1);
  });

  it('runs the version that its headers choose, and is rejected if its alias is unknown', async () => {
    const name = await app.published('v1', 'v2');
    const rules = [{ rule_type: 'Header', param: 'group', op: '=', value: 'beta' }];
    const strategy = { v2: { combine_type: 'and', rules } };
    await app.must('POST', `/fgs/functions/${name}/aliases`, {
      name: 'prod',
      version: 'v1',
      additional_version_strategy: strategy,
    });
    await app.produce('{"n":1}', { 'sendoff-function': urnOf(name, '!prod'), group: 'beta' });
    await expect
      .poll(() => app.recordsOf('invocations').map(({ headers }) => headers['function-urn']))
      .toContain(urnOf(name, 'v2'));
    await app.produce('{}', { 'sendoff-function': urnOf(name, '!none') });
    await expect
      .poll(() => app.recordsOf('rejects').map(({ headers }) => headers['reject-reason']))
      .toEqual([expect.stringContaining('alias-unknown')]);
  });
});

describe('a cycle of functions', () => {
  const notifying = (urn: string) => ({
    destination_config: { on_success: { destination: 'FunctionGraph', param: JSON.stringify({ func_urn: urn }) } },
  });

  it('through an alias is refused, whether a policy or the alias would close it', async () => {
    await app.must('PUT', '/sendoff/agencies/any', { grants: [{ type: 'FunctionGraph', resource: '*' }] });
    const f = await app.aFunction({ xrole: 'any' });
    const g = await app.aFunction({ xrole: 'any' });
    await app.must('POST', `/fgs/functions/${g}/versions`, { version: 'v1' });
    await app.must('PUT', `/fgs/functions/${g}/code`, inlineCode('exports.handler = 2;'));
    await app.must('POST', `/fgs/functions/${g}/versions`, { version: 'v2' });
    await app.must('POST', `/fgs/functions/${g}/aliases`, { name: 'prod', version: 'v1' });
    await app.must('PUT', `/fgs/functions/${f}/async-invoke-config`, notifying(urnOf(g, '!prod')));
    const closing = await app.call('PUT', `/fgs/functions/${urnOf(g, 'v1')}/async-invoke-config`, notifying(f));
    expect([closing.status, closing.body]).toEqual([
      400,
      {
        error_code: 'FSS.0400',
        error_msg: `the policy would close a cycle: ${[urnOf(g, 'v1'), urnOf(f, 'latest'), urnOf(g, '!prod'), urnOf(g, 'v1')].join(' -> ')}`,
      },
    ]);
    await app.must('PUT', `/fgs/functions/${urnOf(g, 'v2')}/async-invoke-config`, notifying(f));
    for (const body of [{ version: 'v2' }, { version: 'v1', additional_version_weights: { v2: 0 } }])
      expect((await app.call('PUT', `/fgs/functions/${g}/aliases/prod`, body)).body).toMatchObject({
        error_msg: expect.stringContaining('the alias would close a cycle'),
      });
    expect(await app.refusal('PUT', `/fgs/functions/${f}/async-invoke-config`, notifying(urnOf(g, '!none')))).toEqual([
      404,
      'FSS.1051',
    ]);
    expect(await app.refusal('PUT', `/fgs/functions/${f}/async-invoke-config`, notifying(urnOf(g, 'v9')))).toEqual([
      404,
      'FSS.1051',
    ]);
  });
});
