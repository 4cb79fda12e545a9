import { Controller, Get, Put } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { ApiError } from '../http/api-error.ts';
import { reservedInstanceOperations as operations } from './reserved-instances.operations.ts';
import { Operation } from '../document/operation.ts';

/**
 * Stubs for reserved instances, which are not supported. Clients query them with every function
 * that they show. The lists are empty.
 * @see FunctionGraph API, reserved instances
 */
@Controller('v2/:project/fgs/functions')
export class ReservedInstancesController {
  @Operation(operations.list)
  @Get('reservedinstanceconfigs')
  list(): Record<string, unknown> {
    return { reserved_instances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 };
  }

  @Operation(operations.listOfFunctions)
  @Get('reservedinstances')
  listOfFunctions(): Record<string, unknown> {
    return { reservedinstances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 };
  }

  /** Always fails, so the document leaves it out. */
  @Operation(operations.reserve)
  @ApiExcludeEndpoint()
  @Put(':urn/reservedinstances')
  reserve(): never {
    throw new ApiError('FSS.0400', 'instances cannot be reserved: the platform starts them on demand');
  }
}
