import { Controller, Get, Put } from '@nestjs/common';
import { ApiError } from './api-error.ts';

/** Reserved instances: there are none, which clients ask for with every function they show. @see FunctionGraph API, reserved instances */
@Controller('v2/:project/fgs/functions')
export class ReservedInstancesController {
  @Get('reservedinstanceconfigs')
  list(): Record<string, unknown> {
    return { reserved_instances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 };
  }

  @Put(':urn/reservedinstances')
  reserve(): never {
    throw new ApiError('FSS.0400', 'instances cannot be reserved here: they are started when they are needed');
  }
}
