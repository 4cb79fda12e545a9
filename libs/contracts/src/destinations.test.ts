import { describe, expect, it } from 'vitest';
import { destinationTypes, placeKind, placeTypes, resourceOf, type Target, targetIdOf } from './destinations.ts';

const targets: { readonly [Type in Target['type']]: Target<Type> } = {
  OBS: { type: 'OBS', bucket: 'results', prefix: 'failed', expiresDays: 7 },
  DIS: { type: 'DIS', streamName: 'orders' },
  SMN: { type: 'SMN', topicUrn: 'urn:smn:local:p1:alerts' },
  FunctionGraph: { type: 'FunctionGraph', functionUrn: 'urn:fss:local:p1:function:default:f:latest' },
};

describe('the kinds of destinations', () => {
  it.each([
    [targets.OBS, 'results', 'results/failed'],
    [targets.DIS, 'orders', 'orders'],
    [targets.SMN, 'urn:smn:local:p1:alerts', 'urn:smn:local:p1:alerts'],
    [targets.FunctionGraph, 'urn:fss:local:p1:function:default:f:latest', 'urn:fss:local:p1:function:default:f:latest'],
  ])('%j is granted by its name, and told apart from others of its kind', (target, resource, id) => {
    expect([resourceOf(target), targetIdOf(target)]).toEqual([resource, id]);
  });

  it('are listed in the order of the API document', () => {
    expect(destinationTypes).toEqual(['OBS', 'DIS', 'SMN', 'FunctionGraph']);
  });

  it('that a project declares are buckets and streams', () => {
    expect(placeTypes.map(placeKind).map(({ type, word, path }) => [type, word, path])).toEqual([
      ['OBS', 'bucket', 'buckets'],
      ['DIS', 'stream', 'streams'],
    ]);
  });
});
