import { bounds } from './bounds.ts';
import { header, jsonObject } from './headers.ts';
import type { JsonObject } from './json-object.ts';
import type { RecordHeaders } from './record.ts';
import { type Destinations, type DestinationType, destinationTypes, type Target } from './destinations.ts';

/** A reader for each kind of target: the compiler asks for one if a kind is added. */
const readers: { readonly [Type in DestinationType]: (fields: JsonObject) => Target<Type> } = {
  OBS: (fields) => ({
    type: 'OBS',
    bucket: fields.text('bucket'),
    prefix: fields.text('prefix'),
    expiresDays: fields.wholeNumber('expiresDays', bounds.expiresDays),
  }),
  DIS: (fields) => ({ type: 'DIS', streamName: fields.text('streamName') }),
  SMN: (fields) => ({ type: 'SMN', topicUrn: fields.text('topicUrn') }),
  FunctionGraph: (fields) => ({ type: 'FunctionGraph', functionUrn: fields.text('functionUrn') }),
};

/** Reads a target of a policy. @throws PlatformError `CONTRACT_VIOLATED` for another shape. */
export function targetIn(fields: JsonObject): Target {
  return readers[fields.word('type', destinationTypes)](fields);
}

/** The destinations that a record's policy names. @throws PlatformError `CONTRACT_VIOLATED` for another shape. */
export function destinationsOf(headers: RecordHeaders): Destinations {
  const destinations = jsonObject(headers, header.destinations);
  if (destinations === undefined) return {};
  // Every record of a function with a policy passes here: filling one object costs less than spreading two.
  const found: { onSuccess?: Target; onFailure?: Target } = {};
  if (destinations.has('onSuccess')) found.onSuccess = targetIn(destinations.object('onSuccess'));
  if (destinations.has('onFailure')) found.onFailure = targetIn(destinations.object('onFailure'));
  return found;
}
