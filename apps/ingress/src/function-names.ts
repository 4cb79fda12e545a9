import { formatFunctionUrn, type FunctionDocument, type FunctionUrn, parseFunctionUrn } from '#contracts';
import type { Registry } from '#registry';
import { ApiError, functionNotFound } from './api-error.ts';

/** A function that was named and found. */
export interface NamedFunction {
  readonly urn: FunctionUrn;
  /** Eight fields. */
  readonly fullUrn: string;
  readonly function: FunctionDocument;
}

/** Reads the URNs of requests and finds what they name. */
export class FunctionNames {
  constructor(
    private readonly registry: Registry,
    private readonly region: string,
  ) {}

  /** @throws ApiError FSS.1309 when the text is no URN; FSS.0403 when it names another project. */
  parse(text: string, project: string): FunctionUrn {
    const urn = parseFunctionUrn(text, { region: this.region, project });
    if (urn === undefined) throw new ApiError('FSS.1309', `not a function URN: ${text.slice(0, 300)}`);
    if (urn.project !== project) throw new ApiError('FSS.0403', `the function URN is not of project ${project}`);
    return urn;
  }

  /** @throws ApiError FSS.1051 and as {@link parse}; FSS.1052 for a version that is not there. */
  find(text: string, project: string): NamedFunction {
    const urn = this.parse(text, project);
    const found = urn.region === this.region ? this.registry.functionByUrn(urn) : undefined;
    if (found === undefined) throw functionNotFound(text);
    if (urn.qualifier !== 'latest') throw new ApiError('FSS.1052', `Not found the function version: ${urn.qualifier}`);
    return { urn, fullUrn: formatFunctionUrn(urn), function: found };
  }
}
