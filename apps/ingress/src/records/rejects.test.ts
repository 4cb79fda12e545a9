import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type Reject } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import { type AccessKey, IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let limited: AccessKey;

beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
  await app.createFunction('other');
  const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
  limited = { accessKey: body.access_key, secretKey: body.secret_key };
});
afterAll(() => app?.close());

const reject: Reject = {
  code: 'payload-too-large',
  functionUrn: builtUrn,
  project: 'p1',
  reason: 'too large',
  origin: { partition: 3, offset: 7, at: builtAt },
  partition: 0,
  offset: 2,
  at: epochMs(builtAt + 1),
};

beforeEach(() => {
  app.records.rejectPage = { rejects: [reject], hasMore: false };
});

const asked = async (query: string) => {
  await app.must('GET', `/sendoff/rejects${query}`);
  return app.records.rejectQueries.at(-1);
};

describe('the list of rejects', () => {
  it('shows the reason, and the places of the record and of its copy', async () => {
    expect(await app.must('GET', '/sendoff/rejects')).toEqual({
      rejects: [
        {
          function_urn: builtUrn,
          code: 'payload-too-large',
          reason: 'too large',
          rejected_time: '2027-01-15T08:00:00.001Z',
          produced_time: '2027-01-15T08:00:00.000Z',
          partition: 3,
          offset: 7,
          reject_partition: 0,
          reject_offset: 2,
        },
      ],
      next_marker: '',
    });
  });

  it('asks for the project and for records without a function, unless a function is named', async () => {
    expect(await asked('')).toEqual({ projects: ['p1', ''], limit: 100 });
    const query = await asked('?function=hello&code=payload-too-large&limit=900');
    expect(query).toEqual({ projects: ['p1'], functionUrns: [builtUrn], code: 'payload-too-large', limit: 500 });
  });

  it('goes on after the last reject of a page', async () => {
    app.records.rejectPage = { rejects: [reject], hasMore: true };
    const { next_marker: marker } = await app.must('GET', '/sendoff/rejects');
    expect(await asked(`?marker=${marker}`)).toMatchObject({ after: { at: builtAt + 1, partition: 0, offset: 2 } });
  });

  it.each(['code=odd', 'limit=-1', 'marker=x', 'marker=WzEsIm9kZCIsMl0'])('refuses %s', async (query) => {
    expect(await app.refusal('GET', `/sendoff/rejects?${query}`)).toEqual([400, 'FSS.1001']);
  });

  it('asks for the functions of a limited key only', async () => {
    await app.signed('GET', '/sendoff/rejects', undefined, limited);
    expect(app.records.rejectQueries.at(-1)).toEqual({ projects: ['p1'], functionUrns: [builtUrn], limit: 100 });
    const before = app.records.rejectQueries.length;
    const { body } = await app.signed('GET', '/sendoff/rejects?function=other', undefined, limited);
    expect([body.rejects, app.records.rejectQueries.length]).toEqual([[], before]);
  });
});
