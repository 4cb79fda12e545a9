import { bounds } from './bounds.ts';
import { bucketNamePattern, bucketNameRule } from './bucket.ts';
import { header, jsonObject } from './headers.ts';
import type { JsonObject } from './json-object.ts';
import type { RecordHeaders } from './record.ts';

/** The fields of a target, by kind of destination. */
export interface TargetFields {
  readonly OBS: {
    readonly bucket: string;
    readonly prefix: string;
    /** The object is deleted after so many days; 0 keeps it. */
    readonly expiresDays: number;
  };
  readonly DIS: { readonly streamName: string };
  readonly SMN: { readonly topicUrn: string };
  readonly FunctionGraph: {
    readonly functionUrn: string;
    /**
     * The id of the function when the invocation was accepted: another one under its name gets no
     * notification. Absent in policies, which name functions, and in records of earlier releases.
     */
    readonly functionId?: string;
  };
}

/** A kind of destination, in the words of the API. */
export type DestinationType = keyof TargetFields;

/** One destination that a policy names for the outcome of invocations. */
export type Target<Type extends DestinationType = DestinationType> = {
  [T in Type]: { readonly type: T } & TargetFields[T];
}[Type];

/** The targets of an invocation, at most one for each outcome. */
export interface Destinations {
  readonly onSuccess?: Target;
  readonly onFailure?: Target;
}

/**
 * The registry document that must exist before a policy may name a destination. A place is declared
 * with `PUT /v2/{project}/sendoff/{path}/{name}`.
 */
export type DestinationDocument =
  | { readonly kind: 'place'; readonly path: string; readonly namePattern: RegExp; readonly nameRule: string }
  | { readonly kind: 'topic' }
  | { readonly kind: 'function' };

/** All that code outside of its adapter must know of one kind of destination. */
export interface DestinationKind<Type extends DestinationType> {
  /** One such destination in plain English, for error messages. */
  readonly word: string;
  /** Reads a target from a record. @throws PlatformError `CONTRACT_VIOLATED` for another shape. */
  readonly read: (fields: JsonObject) => Target<Type>;
  /** The name that a grant of an agency must cover, and that the registry looks up. */
  readonly resourceOf: (target: Target<Type>) => string;
  /** Tells two targets of this kind apart; part of a delivery's id. */
  readonly idOf: (target: Target<Type>) => string;
  /** Absent: the registry has no document for such a destination, and a policy may name any. */
  readonly document?: DestinationDocument;
}

type DestinationKinds = { readonly [Type in DestinationType]: DestinationKind<Type> };

const described = {
  OBS: {
    word: 'bucket',
    read: (fields) => ({
      type: 'OBS',
      bucket: fields.text('bucket'),
      prefix: fields.text('prefix'),
      expiresDays: fields.wholeNumber('expiresDays', bounds.expiresDays),
    }),
    resourceOf: ({ bucket }) => bucket,
    idOf: ({ bucket, prefix }) => `${bucket}/${prefix}`,
    document: { kind: 'place', path: 'buckets', namePattern: bucketNamePattern, nameRule: bucketNameRule },
  },
  DIS: {
    word: 'stream',
    read: (fields) => ({ type: 'DIS', streamName: fields.text('streamName') }),
    resourceOf: ({ streamName }) => streamName,
    idOf: ({ streamName }) => streamName,
    document: {
      kind: 'place',
      path: 'streams',
      namePattern: /^[A-Za-z0-9_-]{1,64}$/,
      nameRule: 'must be 1..64 letters, digits, - or _',
    },
  },
  SMN: {
    word: 'topic',
    read: (fields) => ({ type: 'SMN', topicUrn: fields.text('topicUrn') }),
    resourceOf: ({ topicUrn }) => topicUrn,
    idOf: ({ topicUrn }) => topicUrn,
    document: { kind: 'topic' },
  },
  FunctionGraph: {
    word: 'function',
    read: (fields) => {
      const functionId = fields.optionalText('functionId');
      return {
        type: 'FunctionGraph',
        functionUrn: fields.text('functionUrn'),
        ...(functionId === undefined ? {} : { functionId }),
      };
    },
    resourceOf: ({ functionUrn }) => functionUrn,
    idOf: ({ functionUrn }) => functionUrn,
    document: { kind: 'function' },
  },
} as const satisfies DestinationKinds;

/** Every kind of destination. A new kind begins here; CONTRIBUTING.md lists what follows. */
export const destinationKinds: DestinationKinds = described;

/** The kinds of destinations, in the order in which error messages list them. */
export const destinationTypes = Object.keys(destinationKinds) as readonly DestinationType[];

/** The kinds of destinations that a project declares as places. */
export type PlaceType = {
  [Type in DestinationType]: (typeof described)[Type] extends { readonly document: { readonly kind: 'place' } } ? Type : never;
}[DestinationType];

/** The same as a list. */
export const placeTypes: readonly PlaceType[] = destinationTypes.filter(
  (type): type is PlaceType => destinationKinds[type].document?.kind === 'place',
);

/** A kind of destination that a project declares as a place. */
export interface PlaceKind extends Extract<DestinationDocument, { kind: 'place' }> {
  readonly type: PlaceType;
  /** One such place in plain English. */
  readonly word: string;
}

/** All that code must know of one kind of place. */
export function placeKind(type: PlaceType): PlaceKind {
  const { word, document } = described[type];
  return { type, word, ...document };
}

/** True for a target that a policy names, false for the subscription of a topic. */
export function isPolicyTarget(target: { readonly type: string }): target is Target {
  return Object.hasOwn(destinationKinds, target.type);
}

/** The name that a grant must cover for a target: a bucket, stream, topic URN or function URN. */
export function resourceOf<Type extends DestinationType>(target: Target<Type>): string {
  return destinationKinds[target.type].resourceOf(target);
}

/** Tells a target apart from others of its kind. */
export function targetIdOf<Type extends DestinationType>(target: Target<Type>): string {
  return destinationKinds[target.type].idOf(target);
}

/**
 * Reads a target of a policy from a record.
 * @throws PlatformError `CONTRACT_VIOLATED` for another shape.
 */
export function readTarget(fields: JsonObject): Target {
  return destinationKinds[fields.word('type', destinationTypes)].read(fields);
}

/**
 * The destinations that a record's policy names.
 * @throws PlatformError `CONTRACT_VIOLATED` for another shape.
 */
export function destinationsOf(headers: RecordHeaders): Destinations {
  const destinations = jsonObject(headers, header.destinations);
  if (destinations === undefined) return {};
  // Every record of a function with a policy passes here: filling one object costs less than
  // spreading two.
  const found: { onSuccess?: Target; onFailure?: Target } = {};
  if (destinations.has('onSuccess')) found.onSuccess = readTarget(destinations.object('onSuccess'));
  if (destinations.has('onFailure')) found.onFailure = readTarget(destinations.object('onFailure'));
  return found;
}
