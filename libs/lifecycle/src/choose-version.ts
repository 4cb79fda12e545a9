import type { AliasDocument, AliasRule } from '#contracts';

/** The parts of a request on which the choice of a version depends. */
export interface RequestSigns {
  /** In [0, 1). */
  readonly dice: number;
  /** Headers of the request, by lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** The versions of an alias, and the rules for the choice. */
export type AliasRouting = Pick<AliasDocument, 'version' | 'weighted' | 'ruled'>;

/**
 * Chooses the version that an invocation of an alias runs. If the request matches the rules, it is
 * the version of the rules. Else the dice may choose the weighted version. Else it is the alias's
 * own version.
 */
export function chooseVersion({ version, weighted, ruled }: AliasRouting, { dice, headers }: RequestSigns): string {
  if (ruled !== undefined && fits(ruled, headers)) return ruled.version;
  if (weighted !== undefined && dice * 100 < weighted.percent) return weighted.version;
  return version;
}

/** Every version that an alias may choose, its own first. */
export function versionsBehind({ version, weighted, ruled }: AliasRouting): readonly string[] {
  const additional = [weighted?.version, ruled?.version].filter((name) => name !== undefined);
  return [...new Set([version, ...additional])];
}

/** True if the request matches the rules. Without a rule, no request matches. */
function fits({ combine, rules }: NonNullable<AliasRouting['ruled']>, headers: RequestSigns['headers']): boolean {
  const isMet = (rule: AliasRule) => meets(rule, given(rule, headers));
  return combine === 'and' ? rules.length > 0 && rules.every(isMet) : rules.some(isMet);
}

/** True if a value meets a rule. A value that is absent or repeated meets none. */
function meets({ operator, value }: AliasRule, text: string | readonly string[] | undefined): boolean {
  return operator === '=' ? text === value : value.split(',').some((one) => one.trim() === text);
}

function given({ source, name }: AliasRule, headers: RequestSigns['headers']): string | readonly string[] | undefined {
  if (source === 'cookie') return cookie(headers['cookie'], name);
  const header = name.toLowerCase();
  return Object.hasOwn(headers, header) ? headers[header] : undefined;
}

/** @see RFC 6265 4.2.1 */
function cookie(header: string | readonly string[] | undefined, name: string): string | undefined {
  if (typeof header !== 'string') return undefined;
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
