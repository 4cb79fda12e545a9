import { formatBareUrn, functionKey, type FunctionDocument } from '#contracts';
import type { Clock, Sealer } from '#platform';
import type { Registry, RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { functionRefusal } from '../access/authorise.ts';
import type { Caller } from '../access/caller.ts';
import type { CodeIntake } from './code/function-code.ts';
import { newFunction } from './function-document.ts';
import type { CreateFunctionDto } from './function.dto.ts';
import type { IngressOptions } from '../tokens.ts';

/** What a {@link FunctionMaker} works with. */
export interface FunctionMakerParts {
  readonly registry: Registry;
  readonly writer: RegistryWriter;
  readonly codes: CodeIntake;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly options: Pick<IngressOptions, 'region' | 'functionsMax'>;
}

/** Makes functions, whichever way what they are to be has come. */
export class FunctionMaker {
  constructor(private readonly parts: FunctionMakerParts) {}

  /**
   * Makes a function of a project, by a caller who may use it.
   * @throws ApiError FSS.0403, FSS.1041, FSS.1061, or naming the field.
   */
  async make(dto: CreateFunctionDto, project: string, caller: Caller): Promise<FunctionDocument> {
    const refusal = functionRefusal(caller, { package: dto.package, name: dto.func_name });
    if (refusal !== undefined) throw refusal;
    const { registry, writer, codes, sealer, clock, options } = this.parts;
    const { region } = options;
    const bareUrn = formatBareUrn({ region, project, package: dto.package, name: dto.func_name, qualifier: 'latest' });
    // Before 50 MB are looked at for nothing, and again when it counts.
    this.checkRoom(registry, bareUrn, project);
    const code = await codes.take(dto.runtime, dto);
    const made = newFunction(dto, code, { bareUrn, project, sealer, now: clock.now() });
    await writer.mutate((known) => {
      this.checkRoom(known, bareUrn, project);
      return { changes: [made] };
    });
    return made;
  }

  private checkRoom(registry: Registry, bareUrn: string, project: string): void {
    if (registry.get(functionKey(bareUrn)) !== undefined) throw new ApiError('FSS.1061', `The function has existed: ${bareUrn}`);
    const { functionsMax } = this.parts.options;
    if (registry.list('function', project).length >= functionsMax)
      throw new ApiError(
        'FSS.1041',
        `a project may have ${functionsMax} functions (INGRESS_FUNCTIONS_MAX): delete those nobody uses`,
      );
  }
}
