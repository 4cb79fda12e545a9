/** A function named in full: region, project, package, name, and a version or `!alias`. */
export interface FunctionUrn {
  readonly region: string;
  readonly project: string;
  readonly package: string;
  readonly name: string;
  /** A version name, `latest`, or an alias marked by a leading `!`. */
  readonly qualifier: string;
}

/** What a short form leaves out. */
export interface UrnDefaults {
  readonly region: string;
  readonly project: string;
}

const namePattern = /^[A-Za-z](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?$/;
const packagePattern = /^[A-Za-z0-9_-]{1,64}$/;
const projectPattern = /^[A-Za-z0-9_-]{1,64}$/;
const qualifierPattern = /^!?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** Tells whether a text may name a function: 1..60 of letters, digits, `-`, `_`, from a letter to a letter or digit. */
function isFunctionName(text: string): boolean {
  return namePattern.test(text);
}

/** Tells whether a text may name a package. */
function isPackageName(text: string): boolean {
  return packagePattern.test(text);
}

/** Tells whether a text may be a project id. */
function isProjectId(text: string): boolean {
  return projectPattern.test(text);
}

/**
 * Reads any URN form: 1 to 4 fields as `[[[project:]package:]name[:qualifier]]`, 7 or 8 as `urn:fss:region:project:function:package:name[:qualifier]`.
 * @returns undefined when the text is none of them.
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

/** What a text means to callers of one project in one region: a function that may be there; one of somebody else; nothing. */
export type UrnReading =
  | { readonly kind: 'ours'; readonly urn: FunctionUrn }
  | { readonly kind: 'of-another-project' | 'of-another-region' | 'malformed' };

/** Reads a URN as {@link parseFunctionUrn} does, wherever a caller names a function: in paths, headers, destinations, endpoints. */
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

/** The full form, eight fields. */
export function formatFunctionUrn(urn: FunctionUrn): string {
  return `${formatBareUrn(urn)}:${urn.qualifier}`;
}

/** The form without version or alias, seven fields: the function itself. */
export function formatBareUrn(urn: FunctionUrn): string {
  return `urn:fss:${urn.region}:${urn.project}:function:${urn.package}:${urn.name}`;
}

/** Seven fields of the eight: versions and aliases of a function share them. */
export function bareUrnOf(functionUrn: string): string {
  return functionUrn.slice(0, functionUrn.lastIndexOf(':'));
}
