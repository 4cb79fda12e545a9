import { Inject } from '@nestjs/common';
import { type AliasDocument, formatFunctionUrn, type FunctionDocument, type FunctionUrn, readFunctionUrn } from '#contracts';
import { chooseVersion, type RequestSigns, versionsBehind } from '#lifecycle';
import { Registry } from '#registry';
import {
  aliasNotFound,
  ApiError,
  functionNotFound,
  urnMalformed,
  urnOfAnotherProject,
  versionNotFound,
} from '../http/api-error.ts';
import { type Home, HOME } from './home.ts';

/** A version of a function that was named and found. */
export interface NamedFunction {
  /** Names a version, never an alias. */
  readonly urn: FunctionUrn;
  /** Eight fields. */
  readonly fullUrn: string;
  /** As it is at that version. */
  readonly function: FunctionDocument;
  /** The alias it was named by. */
  readonly alias?: AliasDocument;
}

/** Does a text say which version or alias it means, rather than leave it at `latest`? */
export function isQualified(text: string): boolean {
  const fields = text.split(':').length;
  return fields === 4 || fields === 8;
}

/** Reads the URNs of requests and finds what they name. */
export class FunctionNames {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(HOME) private readonly home: Home,
  ) {}

  /** @throws ApiError FSS.1309 when the text is no URN; FSS.0403 when it names another project; FSS.1051 when another region. */
  parse(text: string, project: string): FunctionUrn {
    const reading = readFunctionUrn(text, { region: this.home.region, project });
    switch (reading.kind) {
      case 'ours':
        return reading.urn;
      case 'malformed':
        throw urnMalformed(text);
      case 'of-another-project':
        throw urnOfAnotherProject(text);
      case 'of-another-region':
        throw functionNotFound(text);
      default:
        return reading satisfies never;
    }
  }

  /**
   * The version a text names; an alias leads to its own version.
   * @throws ApiError FSS.1051, FSS.1052, FSS.1053 for a function, version or alias that is not there, and as {@link parse}.
   */
  find(text: string, project: string): NamedFunction {
    return this.behind(this.asked(text, project), (alias) => alias.version);
  }

  /** As {@link find}, for a request that runs the function: an alias chooses. */
  choose(text: string, project: string, signs: RequestSigns): NamedFunction {
    return this.behind(this.asked(text, project), (alias) => chooseVersion(alias, signs));
  }

  private asked(text: string, project: string): FunctionUrn {
    const urn = this.parse(text, project);
    if (this.registry.functionByUrn(urn) === undefined) throw functionNotFound(text);
    return urn;
  }

  private behind(asked: FunctionUrn, versionOf: (alias: AliasDocument) => string): NamedFunction {
    const alias = this.aliasOf(asked);
    const urn = alias === undefined ? asked : { ...asked, qualifier: versionOf(alias) };
    const found = this.registry.versionByUrn(urn);
    if (found === undefined) throw versionNotFound(urn.qualifier);
    return { urn, fullUrn: formatFunctionUrn(urn), function: found, ...(alias === undefined ? {} : { alias }) };
  }

  /**
   * As {@link find}, for what is about to be changed.
   * @throws ApiError FSS.0400 for a published version: it never changes.
   */
  findLatest(text: string, project: string): NamedFunction {
    const named = this.find(text, project);
    if (named.urn.qualifier !== 'latest')
      throw new ApiError('FSS.0400', `version ${named.urn.qualifier} is published and cannot be changed; change latest`);
    return named;
  }

  /**
   * The versions whose invocations a text may mean, in eight fields each; what is gone may be named, for its records outlive it.
   * @throws ApiError FSS.1053 for an alias that is not there, and as {@link parse}.
   */
  versionsNamed(text: string, project: string): readonly string[] {
    const urn = this.parse(text, project);
    const alias = this.aliasOf(urn);
    const versions = alias === undefined ? [urn.qualifier] : versionsBehind(alias);
    return versions.map((qualifier) => formatFunctionUrn({ ...urn, qualifier }));
  }

  private aliasOf(urn: FunctionUrn): AliasDocument | undefined {
    if (!urn.qualifier.startsWith('!')) return undefined;
    const alias = this.registry.alias(urn);
    if (alias === undefined) throw aliasNotFound(urn.qualifier.slice(1));
    return alias;
  }
}
