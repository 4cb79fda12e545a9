/** The full name of a function, and of one of its versions or aliases. */
export interface FunctionUrn {
  readonly region: string;
  readonly project: string;
  readonly package: string;
  readonly name: string;
  /** A version, `latest`, or an alias with a leading `!`. */
  readonly qualifier: string;
}

/** Values for the fields that a short form leaves out. */
export interface UrnDefaults {
  readonly region: string;
  readonly project: string;
}

const namePattern = /^[A-Za-z](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?$/;
const packagePattern = /^[A-Za-z0-9_-]{1,64}$/;
const projectPattern = /^[A-Za-z0-9_-]{1,64}$/;
const qualifierPattern = /^!?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/**
 * Can this be the name of a function? 1..60 letters, digits, `-` or `_`; first a letter, last no
 * `-` or `_`.
 */
function isFunctionName(text: string): boolean {
  return namePattern.test(text);
}

/** Can this be the name of a package? */
function isPackageName(text: string): boolean {
  return packagePattern.test(text);
}

/** Can this be a project id? */
function isProjectId(text: string): boolean {
  return projectPattern.test(text);
}

/**
 * Reads any form of a function URN. With 1 to 4 fields: `name`, `package:name`,
 * `project:package:name` or `project:package:name:qualifier`. With 7 or 8:
 * `urn:fss:region:project:function:package:name[:qualifier]`.
 * @returns undefined for any other text.
 * @see FunctionGraph API, function model
 */
export function parseFunctionUrn(text: string, defaults: UrnDefaults): FunctionUrn | undefined {
  const fields = text.split(':');
  const urn = fromFields(fields, defaults);
  if (urn === undefined) return undefined;
  const isValid =
    isFunctionName(urn.name) &&
    isPackageName(urn.package) &&
    isProjectId(urn.project) &&
    qualifierPattern.test(urn.qualifier) &&
    /^[A-Za-z0-9-]{1,64}$/.test(urn.region);
  return isValid ? urn : undefined;
}

/**
 * The result of {@link readFunctionUrn}. `ours` is a URN of the caller's project and region; a
 * function of that name may not exist.
 */
export type UrnReading =
  | { readonly kind: 'ours'; readonly urn: FunctionUrn }
  | { readonly kind: 'of-another-project' | 'of-another-region' | 'malformed' };

/**
 * Reads a function URN from a caller: in a path, a header, a destination or an endpoint.
 * @param home the project and the region of the caller.
 */
export function readFunctionUrn(text: string, home: UrnDefaults): UrnReading {
  const urn = parseFunctionUrn(text, home);
  if (urn === undefined) return { kind: 'malformed' };
  if (urn.project !== home.project) return { kind: 'of-another-project' };
  return urn.region === home.region ? { kind: 'ours', urn } : { kind: 'of-another-region' };
}

function fromFields(fields: readonly string[], defaults: UrnDefaults): FunctionUrn | undefined {
  const [a = '', b = '', c = '', d = ''] = fields;
  switch (fields.length) {
    case 1:
      return { ...defaults, package: 'default', name: a, qualifier: 'latest' };
    case 2:
      return { ...defaults, package: a, name: b, qualifier: 'latest' };
    case 3:
      return { region: defaults.region, project: a, package: b, name: c, qualifier: 'latest' };
    case 4:
      return { region: defaults.region, project: a, package: b, name: c, qualifier: d };
    case 7:
    case 8: {
      const [, , region = '', project = '', kind = '', packageName = '', name = '', qualifier = 'latest'] = fields;
      if (a !== 'urn' || b !== 'fss' || kind !== 'function') return undefined;
      return { region, project, package: packageName, name, qualifier };
    }
    default:
      return undefined;
  }
}

/** Writes the full form, with eight fields. */
export function formatFunctionUrn(urn: FunctionUrn): string {
  return `${formatBareUrn(urn)}:${urn.qualifier}`;
}

/** Writes the form without version or alias, with seven fields. */
export function formatBareUrn(urn: FunctionUrn): string {
  return `urn:fss:${urn.region}:${urn.project}:function:${urn.package}:${urn.name}`;
}

/**
 * Drops the version or alias of a URN of eight fields. All versions of a function share the rest.
 */
export function bareUrnOf(functionUrn: string): string {
  return functionUrn.slice(0, functionUrn.lastIndexOf(':'));
}
