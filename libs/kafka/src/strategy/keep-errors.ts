import { applyDecorators, type ArgumentsHost, Catch, Controller, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Lets what a handler threw reach the transport as it is. Nest's own filter turns everything into `Internal server error`, and the
 * transport could no longer tell a record to be rejected from one to be handled again.
 */
@Catch()
export class KeepErrors implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/** A controller whose handlers are given records: a Nest controller with {@link KeepErrors}. */
export function RecordController(): ClassDecorator {
  return applyDecorators(Controller(), UseFilters(new KeepErrors()));
}
