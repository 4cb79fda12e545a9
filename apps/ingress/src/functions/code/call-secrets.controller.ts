import { Controller, Get, Inject, Param } from '@nestjs/common';
import { callSecretOf, Sealer } from '#platform';
import { FunctionNames } from '../../names/function-names.ts';
import { Operation } from '../../document/operation.ts';
import { functionOperations as operations } from '../functions.operations.ts';

/**
 * An operation of Sendoff itself: the secret by which the endpoint of an http function verifies
 * that a call comes from Sendoff. Its holder can sign calls, so the right to read is not enough.
 */
@Controller('v2/:project/sendoff/functions/:urn')
export class CallSecretsController {
  constructor(
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  @Operation(operations.callSecret)
  @Get('call-secret')
  show(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    return { secret: callSecretOf(this.sealer, this.names.find(urn, project).function) };
  }
}
