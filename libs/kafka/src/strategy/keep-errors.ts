import { applyDecorators, type ArgumentsHost, Catch, Controller, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Passes the error of a handler to the transport as it is. Nest's default filter turns every error
 * into `Internal server error`; the transport could no longer choose between retry and rejects.
 */
@Catch()
export class KeepErrors implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/** Declares a Nest controller whose handlers take records, with the filter {@link KeepErrors}. */
export function RecordController(): ClassDecorator {
  return applyDecorators(Controller(), UseFilters(new KeepErrors()));
}
