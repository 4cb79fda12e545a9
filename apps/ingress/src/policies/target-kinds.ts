import {
  type DestinationType,
  formatFunctionUrn,
  limits,
  type PlaceType,
  placeKind,
  readFunctionUrn,
  type Target,
  type UrnDefaults,
} from '#contracts';
import { functionNotFound, urnOfAnotherProject } from '../http/api-error.ts';
import type { TargetParam } from './target-param.ts';

/** The API's form of the targets of one kind. */
interface TargetKind<Type extends DestinationType> {
  /**
   * Reads the `param` of a policy.
   * @param home the region and project of the function whose policy it is.
   * @throws ApiError FSS.0400, which names the field; FSS.0403 or FSS.1051 for a function of
   *   another project or region.
   */
  readonly read: (param: TargetParam, home: UrnDefaults) => Target<Type>;
  /** The `param` that the API shows. */
  readonly show: (target: Target<Type>) => Readonly<Record<string, unknown>>;
}

const topicUrnPattern = /^urn:smn:[A-Za-z0-9-]{1,64}:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{1,255}$/;

const prefixRule =
  `must be at most ${limits.objectPrefixBytesMax} bytes of UTF-8, each part at most ${limits.objectPrefixPartBytesMax}, ` +
  'without . or .. as a part';

/**
 * How the API reads and shows the targets of each kind of destination.
 * @see FunctionGraph API, asynchronous configuration
 */
export const targetKinds: { readonly [Type in DestinationType]: TargetKind<Type> } = {
  OBS: {
    read(param) {
      param.allowOnly('bucket', 'prefix', 'expires');
      const prefix = param.value('prefix') === undefined ? '' : param.text('prefix', isPrefix, prefixRule);
      return { type: 'OBS', bucket: placeName(param, 'bucket', 'OBS'), prefix, expiresDays: expiresDaysOf(param) };
    },
    show: ({ bucket, prefix, expiresDays }) => ({ bucket, prefix, expires: expiresDays }),
  },
  DIS: {
    read(param) {
      // Some clients send a stream_id. It is ignored, because a stream has only a name.
      param.allowOnly('stream_name', 'stream_id');
      return { type: 'DIS', streamName: placeName(param, 'stream_name', 'DIS') };
    },
    show: ({ streamName }) => ({ stream_name: streamName }),
  },
  SMN: {
    read(param) {
      param.allowOnly('topic_urn');
      const isTopicUrn = (text: string) => topicUrnPattern.test(text);
      return { type: 'SMN', topicUrn: param.text('topic_urn', isTopicUrn, 'must be urn:smn:<region>:<project>:<topic>') };
    },
    show: ({ topicUrn }) => ({ topic_urn: topicUrn }),
  },
  FunctionGraph: {
    read(param, home) {
      param.allowOnly('func_urn');
      return { type: 'FunctionGraph', functionUrn: functionUrnOf(param, home) };
    },
    show: ({ functionUrn }) => ({ func_urn: functionUrn }),
  },
};

/** Shows a target of any kind. */
export function targetAnswer<Type extends DestinationType>(target: Target<Type>): { destination: string; param: string } {
  return { destination: target.type, param: JSON.stringify(targetKinds[target.type].show(target)) };
}

function placeName(param: TargetParam, field: string, type: PlaceType): string {
  const { namePattern, nameRule } = placeKind(type);
  return param.text(field, (text) => namePattern.test(text), nameRule);
}

/**
 * Whether every object store accepts keys with this prefix, and no key leaves the bucket.
 */
function isPrefix(text: string): boolean {
  return (
    text.isWellFormed() &&
    Buffer.byteLength(text) <= limits.objectPrefixBytesMax &&
    !/[\\\p{Cc}]/u.test(text) &&
    text.split('/').every((part) => part !== '.' && part !== '..' && Buffer.byteLength(part) <= limits.objectPrefixPartBytesMax)
  );
}

/** A number of days, or its decimal digits in a text; 0 if the field is missing. */
function expiresDaysOf(param: TargetParam): number {
  const value = param.value('expires') ?? 0;
  const days = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 0 || days > limits.expiresDaysMax)
    throw param.refused('expires', `must be a whole number of days from 0 to ${limits.expiresDaysMax}`);
  return days;
}

/** Returns the URN of the target function, in eight fields. */
function functionUrnOf(param: TargetParam, home: UrnDefaults): string {
  const text = param.value('func_urn');
  const reading = typeof text === 'string' ? readFunctionUrn(text, home) : ({ kind: 'malformed' } as const);
  switch (reading.kind) {
    case 'ours':
      return formatFunctionUrn(reading.urn);
    case 'malformed':
      throw param.refused('func_urn', 'must be a function URN');
    case 'of-another-project':
      throw urnOfAnotherProject(String(text), `${param.path}.func_urn`);
    case 'of-another-region':
      throw functionNotFound(String(text));
    default:
      return reading satisfies never;
  }
}
