import { Inject } from '@nestjs/common';
import {
  type Access,
  type AliasDocument,
  bareUrnOf,
  formatFunctionUrn,
  type FunctionDocument,
  type FunctionUrn,
  readFunctionUrn,
  type SteeringDocument,
} from '#contracts';
import { chooseVersion, isUnlimited, mayUse, type RequestSigns, versionsBehind } from '#lifecycle';
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

/** A version of a function, found by its name. */
export interface NamedFunction {
  /** Names a version, not an alias. */
  readonly urn: FunctionUrn;
  /** The URN in its full form of eight fields. */
  readonly fullUrn: string;
  /** The function as it is in this version. */
  readonly function: FunctionDocument;
  /** The alias, if the name was one. */
  readonly alias?: AliasDocument;
  /** Absent if nothing of the function is paused. */
  readonly steering?: SteeringDocument;
}

/** Whether a text names a version or an alias. Otherwise it means `latest`. */
export function isQualified(text: string): boolean {
  const fields = text.split(':').length;
  return fields === 4 || fields === 8;
}

/** Parses the URNs of requests, and finds the functions that they name. */
export class FunctionNames {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(HOME) private readonly home: Home,
  ) {}

  /**
   * @throws ApiError FSS.1309 if the text is not a URN; FSS.0403 if it names another project;
   *   FSS.1051 if it names another region.
   */
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
   * Returns the version that a text names. An alias stands for its main version.
   * @throws ApiError FSS.1051, FSS.1052, FSS.1053 if the function, version or alias does not exist,
   *   and as {@link parse}.
   */
  find(text: string, project: string): NamedFunction {
    return this.resolved(this.parseExisting(text, project), (alias) => alias.version);
  }

  /**
   * As {@link find}, for a request that runs the function: an alias chooses one of its versions.
   */
  choose(text: string, project: string, signs: RequestSigns): NamedFunction {
    return this.resolved(this.parseExisting(text, project), (alias) => chooseVersion(alias, signs));
  }

  private parseExisting(text: string, project: string): FunctionUrn {
    const urn = this.parse(text, project);
    if (this.registry.functionByUrn(urn) === undefined) throw functionNotFound(text);
    return urn;
  }

  private resolved(urnOrAlias: FunctionUrn, versionOf: (alias: AliasDocument) => string): NamedFunction {
    const alias = this.aliasOf(urnOrAlias);
    const urn = alias === undefined ? urnOrAlias : { ...urnOrAlias, qualifier: versionOf(alias) };
    const found = this.registry.versionByUrn(urn);
    if (found === undefined) throw versionNotFound(urn.qualifier);
    const steering = this.registry.steeringOf(urn);
    return {
      urn,
      fullUrn: formatFunctionUrn(urn),
      function: found,
      ...(alias === undefined ? {} : { alias }),
      ...(steering === undefined ? {} : { steering }),
    };
  }

  /**
   * As {@link find}, for a change.
   * @throws ApiError FSS.0400 for a published version, which never changes.
   */
  findLatest(text: string, project: string): NamedFunction {
    const named = this.find(text, project);
    if (named.urn.qualifier !== 'latest')
      throw new ApiError('FSS.0400', `version ${named.urn.qualifier} is published and cannot be changed; change latest`);
    return named;
  }

  /**
   * Returns the versions whose invocations a text may mean, in eight fields each. They need not
   * exist any more, because records outlive them.
   * @throws ApiError FSS.1053 if the alias does not exist, and as {@link parse}.
   */
  versionsNamed(text: string, project: string): readonly string[] {
    const urn = this.parse(text, project);
    const alias = this.aliasOf(urn);
    const versions = alias === undefined ? [urn.qualifier] : versionsBehind(alias);
    return versions.map((qualifier) => formatFunctionUrn({ ...urn, qualifier }));
  }

  /**
   * Returns the versions whose invocations a caller may list, in eight fields each.
   * @param name of one function, or of one of its versions; absent for all that the caller may use.
   * @param max how many versions the answer may have.
   * @returns undefined for all of the project; none if the caller may not use the named function.
   * @throws ApiError FSS.1001 if the caller may use more than `max`, and as {@link versionsNamed}.
   */
  versionsFor(caller: Access, project: string, name: string | undefined, max: number): readonly string[] | undefined {
    if (name !== undefined) {
      const urn = this.parse(name, project);
      if (!mayUse(caller, urn)) return [];
      const versions = this.versionsNamed(name, project);
      return isQualified(name) ? versions : [...versions, ...this.publishedOf(bareUrnOf(formatFunctionUrn(urn)))].slice(0, max);
    }
    if (isUnlimited(caller)) return undefined;
    const urns = this.usableBy(caller, project).flatMap(({ urn }) => [`${urn}:latest`, ...this.publishedOf(urn)]);
    if (urns.length > max) throw new ApiError('FSS.1001', `the access key is for more than ${max} versions: name a function`);
    return urns;
  }

  /** Returns all functions of a project that a caller may use. */
  usableBy(caller: Access, project: string): readonly FunctionDocument[] {
    return this.registry.list('function', project).filter((fn) => mayUse(caller, fn));
  }

  private publishedOf(bareUrn: string): readonly string[] {
    return this.registry.versionsOf(bareUrn).map(({ urn }) => urn);
  }

  /**
   * Returns the URN of a version that exists and that a text names. An alias, and a version that
   * does not exist, stand for `latest`.
   * @returns undefined if the project has no function of that name.
   */
  existing(text: string, project: string): string | undefined {
    const reading = readFunctionUrn(text, { region: this.home.region, project });
    if (reading.kind !== 'ours' || this.registry.functionByUrn(reading.urn) === undefined) return undefined;
    const isVersion = this.registry.versionByUrn(reading.urn) !== undefined;
    return formatFunctionUrn(isVersion ? reading.urn : { ...reading.urn, qualifier: 'latest' });
  }

  /** Whether a caller may know of a function, which need not exist any more. */
  knows(functionUrn: string, project: string, caller: Access): boolean {
    const reading = readFunctionUrn(functionUrn, { region: this.home.region, project });
    return reading.kind === 'ours' ? mayUse(caller, reading.urn) : isUnlimited(caller);
  }

  private aliasOf(urn: FunctionUrn): AliasDocument | undefined {
    if (!urn.qualifier.startsWith('!')) return undefined;
    const alias = this.registry.alias(urn);
    if (alias === undefined) throw aliasNotFound(urn.qualifier.slice(1));
    return alias;
  }
}
