import { placeKind, placeTypes } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { inPath } from '../document/parameters.ts';
import { agencyNamePattern } from '../names/place-names.ts';
import { AgencyDto, PlaceDto } from './places.dto.ts';

const agencyName = inPath(
  'name',
  { type: 'string', pattern: agencyNamePattern.source },
  { description: 'The name of an agency, as in `xrole` of a function.', example: 'results' },
);
const kind = inPath(
  'kind',
  { type: 'string', enum: placeTypes.map((type) => placeKind(type).path) },
  { description: 'The kind of places.', example: 'buckets' },
);
const placeName = inPath(
  'name',
  { type: 'string', minLength: 1, maxLength: 64 },
  { description: 'The name of a bucket or stream, as in the destinations of a policy.', example: 'results' },
);
const agency = {
  name: 'results',
  grants: [
    { type: 'OBS', resource: 'results' },
    { type: 'DIS', resource: 'orders' },
    { type: 'SMN', resource: '*' },
  ],
};

/** Operations on agencies, buckets and streams. */
export const placeOperations = {
  agencies: {
    id: 'listAgencies',
    tag: 'Places',
    right: 'read',
    reach: 'list',
    summary: 'Lists the agencies of the project.',
    answer: { status: 200, example: { agencies: [agency] } },
  },
  agency: {
    id: 'showAgency',
    tag: 'Places',
    right: 'read',
    reach: 'agency',
    summary: 'Shows an agency with its grants.',
    parameters: [agencyName],
    answer: { status: 200, example: agency },
    codes: ['FSS.0404'],
  },
  setAgency: {
    id: 'setAgency',
    tag: 'Places',
    right: 'manage',
    reach: 'project',
    shownWithoutRead: ['name'],
    summary: 'Sets all grants of an agency.',
    description:
      'A `*` in a resource matches any characters. Buckets and streams have plain names, topics and functions have full URNs, functions ' +
      'with a version or an alias. A grant that can match nothing is refused.',
    parameters: [agencyName],
    body: { of: AgencyDto, example: { grants: agency.grants } },
    answer: { status: 200, example: agency },
    codes: ['FSS.0503'],
  },
  removeAgency: {
    id: 'deleteAgency',
    tag: 'Places',
    right: 'manage',
    reach: 'project',
    summary: 'Deletes an agency; functions with this agency lose access to all targets.',
    parameters: [agencyName],
    answer: { status: 204 },
    codes: ['FSS.0404', 'FSS.0503'],
  },
  places: {
    id: 'listPlaces',
    tag: 'Places',
    right: 'read',
    reach: 'list',
    summary: 'Lists the buckets or the streams that policies may name.',
    parameters: [kind],
    answer: { status: 200, example: { buckets: [{ name: 'results' }] } },
    codes: ['FSS.0404'],
  },
  place: {
    id: 'showPlace',
    tag: 'Places',
    right: 'read',
    reach: 'place',
    summary: 'Shows a bucket or a stream, with its Kafka topic unless that is the default one.',
    parameters: [kind, placeName],
    answer: { status: 200, example: { name: 'results' } },
    codes: ['FSS.0404'],
  },
  setPlace: {
    id: 'setPlace',
    tag: 'Places',
    right: 'manage',
    reach: 'project',
    shownWithoutRead: ['name'],
    summary: 'Lets policies name a bucket or a stream.',
    parameters: [kind, placeName],
    body: { of: PlaceDto, isOptional: true, example: {} },
    answer: { status: 200, example: { name: 'results' } },
    codes: ['FSS.0404', 'FSS.0503'],
  },
  removePlace: {
    id: 'deletePlace',
    tag: 'Places',
    right: 'manage',
    reach: 'project',
    summary: 'Removes a bucket or a stream from the registry; its contents stay.',
    description: 'Policies may still name it. Their deliveries to it then fail, which the record of the invocation shows.',
    parameters: [kind, placeName],
    answer: { status: 204 },
    codes: ['FSS.0404', 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
