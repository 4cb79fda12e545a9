import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';

/** Adds the request id to the body of an answer: answers of SMN carry it there. */
export class RequestIdInBody implements NestInterceptor<Record<string, unknown>> {
  intercept(context: ExecutionContext, next: CallHandler<Record<string, unknown>>): Observable<Record<string, unknown>> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(map((body) => ({ request_id: reply.getHeader('x-request-id'), ...body })));
  }
}
