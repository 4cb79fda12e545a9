import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { formatBareUrn, isRequestId } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { CancelDto } from './cancel.dto.ts';
import { Canceller } from './canceller.ts';
import { FunctionNames } from '../names/function-names.ts';
import { invocationOperations as operations } from './invocation.operations.ts';
import { Operation } from '../document/operation.ts';
import { ValidatedBody } from '../http/validated.ts';

/**
 * Cancels asynchronous invocations.
 * @see FunctionGraph API, stopping an asynchronous invocation request
 */
@Controller('v2/:project/fgs/functions/:urn')
export class CancelController {
  constructor(
    @Inject(Canceller) private readonly canceller: Canceller,
    @Inject(FunctionNames) private readonly names: FunctionNames,
  ) {}

  /**
   * Cancels an invocation; one that has ended stays as it ended. The body of the answer is empty,
   * because the documented `null` makes the Node SDK throw.
   */
  @Operation(operations.cancel)
  @Post('cancel')
  @HttpCode(200)
  async cancel(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(CancelDto)) { request_id: requestId }: CancelDto,
  ): Promise<void> {
    const bareUrn = formatBareUrn(this.names.find(urn, project).urn);
    const answer = isRequestId(requestId) ? await this.canceller.cancel(project, bareUrn, requestId) : 'unknown';
    if (answer === 'unknown') throw new ApiError('FSS.0400', 'Invalid RequestId');
  }
}
