/**
 * Goal: the status log of a project is enabled once, keeps its group and stream, and only callers
 * with the right enable it.
 * Method: a whole ingress over the in-memory broker. `test/e2e/status-log.test.ts` tests the lines
 * of the log.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeEach(async () => {
  app = await IngressApp.start();
});
afterEach(async () => app.close());

const enablePath = '/fgs/functions/enable-async-status-logs';
const detailPath = '/fgs/functions/async-status-log-detail';
const uuid = expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const projectsWritten = () => app.recordsOf('registry').filter(({ key }) => key === 'project/p1').length;

describe('the status log', () => {
  it('has no group and stream before it is enabled', async () => {
    const { status, body } = await app.call('GET', detailPath);
    expect([status, body]).toEqual([
      404,
      { error_code: 'FSS.0404', error_msg: 'the status log is not enabled: POST enable-async-status-logs first' },
    ]);
  });

  it('is enabled by a request without a body in any form, and answers without one', async () => {
    for (const [body, headers] of [
      [undefined, {}],
      [undefined, { 'content-length': '0' }],
      ['', {}],
    ] as const) {
      const answer = await app.call('POST', enablePath, body, headers);
      expect([answer.status, answer.body]).toEqual([200, undefined]);
    }
  });

  it('has its stream in its group, which is the only group', async () => {
    expect(await app.refusal('GET', '/groups/any/streams')).toEqual([404, 'FSS.0404']);
    await app.must('POST', enablePath);
    const { group_id: group, stream_id: id, stream_name: name } = await app.must('GET', detailPath);
    expect((await app.must('GET', `/groups/${group}/streams`)).log_streams).toMatchObject([
      { log_stream_id: id, log_stream_name: name },
    ]);
    expect(await app.refusal('GET', '/groups/any/streams')).toEqual([404, 'FSS.0404']);
  });

  it('has a group and a stream named after the project, which a repeated call keeps', async () => {
    await app.must('POST', enablePath);
    const detail = await app.must('GET', detailPath);
    expect(detail).toEqual({
      group_name: 'function-async-log-group-p1',
      group_id: uuid,
      stream_id: uuid,
      stream_name: 'function-async-log-stream-p1',
    });
    await app.must('POST', enablePath);
    expect(await app.must('GET', detailPath)).toEqual(detail);
    expect(projectsWritten()).toBe(1);
  });

  it('is enabled once by several concurrent calls', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.call('POST', enablePath)));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(projectsWritten()).toBe(1);
  });

  it('does not hide a function with the name of its path', async () => {
    await app.createFunction('async-status-log-detail');
    expect(await app.refusal('GET', detailPath)).toEqual([404, 'FSS.0404']);
    expect((await app.call('GET', '/fgs/functions/async-status-log-detail/config')).status).toBe(200);
  });

  it.each<[rights: readonly string[], functions: readonly string[], enabling: number, showing: number]>([
    [['read'], ['*'], 403, 200],
    [['invoke'], ['*'], 403, 403],
    [['manage'], ['*'], 200, 403],
    [['manage', 'read'], ['*'], 200, 200],
    [['manage', 'read'], ['team-*'], 403, 200],
  ])('with an access key that may %j, for %j: enabling is %i, showing %i', async (rights, functions, enabling, showing) => {
    await app.must('POST', enablePath);
    const { access_key: accessKey, secret_key: secretKey } = await app.must('POST', '/sendoff/credentials', {
      rights,
      functions,
    });
    const key = { accessKey, secretKey };
    expect((await app.signed('POST', enablePath, undefined, key)).status).toBe(enabling);
    expect((await app.signed('GET', detailPath, undefined, key)).status).toBe(showing);
  });

  it('needs credentials of its project', async () => {
    expect((await app.raw('POST', `/v2/p1${enablePath}`)).status).toBe(401);
    expect((await app.raw('GET', `/v2/p1${detailPath}`)).status).toBe(401);
    expect((await app.raw('POST', `/v2/p2${enablePath}`, undefined, { 'x-auth-token': IngressApp.token })).status).toBe(403);
    expect(projectsWritten()).toBe(0);
  });
});
