import type { AliasDocument, AliasRule } from '#contracts';

/** What the choice among the versions of an alias depends on. */
export interface RequestSigns {
  /** In [0, 1). */
  readonly dice: number;
  /** Headers of the request, by lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Where an alias leads. */
export type AliasRouting = Pick<AliasDocument, 'version' | 'weighted' | 'ruled'>;

/** Chooses the version that an invocation by an alias runs: the one its rules send this request to, else the one its weight draws, else its own. */
export function chooseVersion({ version, weighted, ruled }: AliasRouting, { dice, headers }: RequestSigns): string {
  if (ruled !== undefined && fits(ruled, headers)) return ruled.version;
  if (weighted !== undefined && dice * 100 < weighted.percent) return weighted.version;
  return version;
}

/** Every version an alias may lead to, its own first. */
export function versionsBehind({ version, weighted, ruled }: AliasRouting): readonly string[] {
  const additional = [weighted?.version, ruled?.version].filter((name) => name !== undefined);
  return [...new Set([version, ...additional])];
}

/** Without a rule nothing fits. */
function fits({ combine, rules }: NonNullable<AliasRouting['ruled']>, headers: RequestSigns['headers']): boolean {
  const isMet = (rule: AliasRule) => meets(rule, given(rule, headers));
  return combine === 'and' ? rules.length > 0 && rules.every(isMet) : rules.some(isMet);
}

/** What is absent, or there several times, is no text and meets nothing. */
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
