import { type CallHandler, type ExecutionContext, Inject, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, concatMap, from, type Observable, throwError } from 'rxjs';
import { auditBegun, auditObjectLengthMax, type AuditEntry, printable } from '#contracts';
import { type Clock, CLOCK, type Logger, LOGGER } from '#platform';
import type { OperationSpec } from '../document/operation.ts';
import { rightsOf } from '../document/route-spec.ts';
import { asApiError } from '../http/api-error.filter.ts';
import { AuditLog } from './audit-log.ts';

/** It changes nothing, and may come as often as invocations. */
const unaudited: ReadonlySet<string> = new Set(['publishMessage']);
/** Fields of answers and bodies that name what was created or changed; none holds a secret. */
const naming = ['func_urn', 'topic_urn', 'subscription_urn', 'access_key', 'id', 'func_name', 'name', 'request_id'] as const;

/** True if an operation changes something that outlives its request. */
export function isAudited(method: string, spec: OperationSpec): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return rightsOf(spec).includes('manage') && !unaudited.has(spec.id);
}

/**
 * Writes each act that changes something to the audit log: that it begins, before it does anything,
 * and its outcome. So an act whose ingress ends within it is in the log too. A caller learns of
 * success after the brokers have the outcome.
 */
export class AuditInterceptor implements NestInterceptor {
  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const spec = request.routeOptions.config.operation as OperationSpec | undefined;
    const { caller } = request;
    if (spec === undefined || caller === undefined || !isAudited(request.method, spec) || isDryRun(request)) return next.handle();
    const entry = (outcome: string, answer?: unknown): AuditEntry => ({
      requestId: String(reply.getHeader('x-request-id')),
      at: this.clock.now(),
      project: caller.project,
      by: caller.accessKey ?? 'token',
      act: spec.id,
      object: objectOf(request, answer),
      outcome,
    });
    return from(this.log.write(entry(auditBegun))).pipe(
      concatMap(() =>
        next.handle().pipe(
          catchError((error: unknown) => {
            // The caller learns why its act was refused, whether or not the entry could be written.
            const refused = this.log.write(entry(asApiError(error).code)).catch((fault: unknown) => {
              this.logger.warn({ act: spec.id, error: String(fault) }, 'The audit log does not say that an act was refused');
            });
            return from(refused).pipe(concatMap(() => throwError(() => error)));
          }),
          concatMap(async (answer: unknown) => {
            await this.log.write(entry('done', answer));
            return answer;
          }),
        ),
      ),
    );
  }
}

function isDryRun({ body }: FastifyRequest): boolean {
  return (body as { readonly dry_run?: unknown } | null | undefined)?.dry_run === true;
}

/** The object of an act: the names in its path, then those in its answer and its body. */
function objectOf({ params, body }: FastifyRequest, answer: unknown): string {
  const { project: _project, ...rest } = params as Readonly<Record<string, string>>;
  const names = [...Object.values(rest), ...namesIn(answer), ...namesIn(body)];
  return printable([...new Set(names)].join(' ')).slice(0, auditObjectLengthMax);
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  return naming.flatMap((name) => (typeof fields[name] === 'string' ? [fields[name]] : []));
}
