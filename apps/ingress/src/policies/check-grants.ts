import { type DestinationType, destinationKinds, formatFunctionUrn, parseFunctionUrn, type UrnDefaults } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { topicUrnPattern } from '../names/topic-names.ts';
import type { GrantDto } from './places.dto.ts';

/** How the resources of one kind are named. */
interface ResourceNames {
  /** Every name begins so. */
  readonly begin: string;
  /** Whether a text can be a part of a name. */
  readonly part: RegExp;
  readonly isName: (text: string, home: UrnDefaults) => boolean;
  /** A name for the error message, as like the given text as possible. */
  readonly example: (text: string, home: UrnDefaults) => string;
}

const namePart = /^[A-Za-z0-9_-]{1,64}/;

function placeNames(type: 'OBS' | 'DIS', part: RegExp, example: string): ResourceNames {
  const { document } = destinationKinds[type];
  const isName = (text: string) => document?.kind === 'place' && document.namePattern.test(text);
  return { begin: '', part, isName, example: () => example };
}

const resourceNames: Readonly<Record<DestinationType, ResourceNames>> = {
  OBS: placeNames('OBS', /^[a-z0-9.-]*$/, 'results'),
  DIS: placeNames('DIS', /^[A-Za-z0-9_-]*$/, 'orders'),
  SMN: {
    begin: 'urn:smn:',
    part: /^[A-Za-z0-9:_-]*$/,
    isName: (text) => topicUrnPattern.test(text),
    example: (text, { region, project }) => `urn:smn:${region}:${project}:${namePart.exec(text)?.[0] ?? 'news'}`,
  },
  FunctionGraph: {
    begin: 'urn:fss:',
    part: /^[A-Za-z0-9:!._-]*$/,
    isName: (text, home) => {
      const urn = parseFunctionUrn(text, home);
      return urn !== undefined && formatFunctionUrn(urn) === text;
    },
    example: (text, home) =>
      formatFunctionUrn(parseFunctionUrn(text, home) ?? { ...home, package: 'default', name: 'hello', qualifier: 'latest' }),
  },
};

function canMatch(resource: string, { begin, part, isName }: ResourceNames, home: UrnDefaults): boolean {
  const parts = resource.split('*');
  if (parts.length === 1) return isName(resource, home);
  const [head = ''] = parts;
  return (head.startsWith(begin) || begin.startsWith(head)) && parts.every((text) => part.test(text));
}

/**
 * Checks that each grant can match something. A grant that cannot would give nothing, and nobody
 * would notice before a policy is refused.
 * @throws ApiError FSS.0400.
 */
export function checkGrants(grants: readonly GrantDto[], home: UrnDefaults): void {
  for (const [index, { type, resource }] of grants.entries()) {
    const names = resourceNames[type];
    if (canMatch(resource, names, home)) continue;
    const { word } = destinationKinds[type];
    const example = names.example(resource, home);
    throw new ApiError('FSS.0400', `grants.${index}.resource can match no ${word}: a ${word} is named like ${example}`);
  }
}
