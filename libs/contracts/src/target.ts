/** A kind of place, in the words of the API. */
export type DestinationType = 'OBS' | 'DIS' | 'SMN' | 'FunctionGraph';

/** One place to tell how an invocation ended. */
export type Target =
  | {
      readonly type: 'OBS';
      readonly bucket: string;
      readonly prefix: string /** 0 keeps the object. */;
      readonly expiresDays: number;
    }
  | { readonly type: 'DIS'; readonly streamName: string }
  | { readonly type: 'SMN'; readonly topicUrn: string }
  | { readonly type: 'FunctionGraph'; readonly functionUrn: string };

/** The targets of an invocation, one a side at most. */
export interface Destinations {
  readonly onSuccess?: Target;
  readonly onFailure?: Target;
}
