import { Inject } from '@nestjs/common';
import { formatBareUrn, functionKey, type FunctionDocument } from '#contracts';
import { type Clock, CLOCK, Sealer } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { checkAgencies, functionRefusal } from '../access/authorise.ts';
import type { Caller } from '../access/caller.ts';
import { CodeIntake } from './code/function-code.ts';
import { agenciesIn, knownRuntime, newFunction } from './function-document.ts';
import type { CreateFunctionDto } from './function.dto.ts';
import { type Home, HOME } from '../names/home.ts';

/** Limits for the functions of a project. */
export interface FunctionsOptions {
  readonly functionsMax: number;
}

/** Injection token of the {@link FunctionsOptions}. */
export const FUNCTIONS_OPTIONS = Symbol('functions options');

/** Creates functions, from a body or from an import. */
export class FunctionMaker {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(CodeIntake) private readonly codes: CodeIntake,
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HOME) private readonly home: Home,
    @Inject(FUNCTIONS_OPTIONS) private readonly options: FunctionsOptions,
  ) {}

  /**
   * Creates a function if the caller may use functions of that name, and may pass its agencies.
   * @param file its decoded code if the HTTP layer took it out of the body.
   * @throws ApiError FSS.0403, FSS.1041, FSS.1061, or naming the field.
   */
  async make(dto: CreateFunctionDto, project: string, caller: Caller, file?: Buffer): Promise<FunctionDocument> {
    const refusal = functionRefusal(caller, { package: dto.package, name: dto.func_name });
    if (refusal !== undefined) throw refusal;
    checkAgencies(caller, agenciesIn(dto));
    const { registry, writer, codes, sealer, clock } = this;
    const { region } = this.home;
    const bareUrn = formatBareUrn({ region, project, package: dto.package, name: dto.func_name, qualifier: 'latest' });
    // Fails before it inspects up to 50 MB of code. The mutation checks again.
    this.checkMayAdd(registry, bareUrn, project);
    knownRuntime(dto.runtime);
    const code = await codes.take(dto.runtime, dto, file);
    const made = newFunction(dto, code, { bareUrn, project, sealer, now: clock.now() });
    await writer.mutate((known) => {
      this.checkMayAdd(known, bareUrn, project);
      const checkCode = codes.boundFor(code);
      const within = (after: Registry) => {
        this.checkCount(after.list('function', project).length);
        checkCode();
      };
      return { changes: [made], within };
    });
    return made;
  }

  private checkMayAdd(registry: Registry, bareUrn: string, project: string): void {
    if (registry.get(functionKey(bareUrn)) !== undefined) throw new ApiError('FSS.1061', `The function has existed: ${bareUrn}`);
    this.checkCount(registry.list('function', project).length + 1);
  }

  private checkCount(count: number): void {
    const { functionsMax } = this.options;
    if (count > functionsMax)
      throw new ApiError(
        'FSS.1041',
        `a project may have ${functionsMax} functions at most (INGRESS_FUNCTIONS_MAX): delete unused functions`,
      );
  }
}
