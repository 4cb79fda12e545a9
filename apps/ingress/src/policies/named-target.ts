import { type DestinationType, destinationTypes, type Target, type UrnDefaults } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { targetKinds } from './target-kinds.ts';
import { TargetParam } from './target-param.ts';

/** The `param` of a policy that names the same target. */
const paramOf: Readonly<Record<DestinationType, (name: string) => Readonly<Record<string, string>>>> = {
  OBS: (name) => {
    const [bucket = '', ...prefix] = name.split('/');
    return { bucket, prefix: prefix.join('/') };
  },
  DIS: (name) => ({ stream_name: name }),
  SMN: (name) => ({ topic_urn: name }),
  FunctionGraph: (name) => ({ func_urn: name }),
};

/**
 * The target behind the id that lists show, as `DIS:orders`. It keeps to the rules of policies.
 * @throws ApiError FSS.0400 for an id of another form, or of a function of another project.
 */
export function namedTarget(id: string, home: UrnDefaults): Target {
  const type = destinationTypes.find((one) => id.startsWith(`${one}:`));
  if (type === undefined)
    throw new ApiError('FSS.0400', `the target must begin with ${destinationTypes.join(':, ')}: or Subscription:`);
  const param = JSON.stringify(paramOf[type](id.slice(type.length + 1)));
  try {
    return targetKinds[type].read(new TargetParam('target', param), home);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ApiError('FSS.0400', `the target is not one of ${type} in this project: ${error.message}`);
  }
}
