import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  HttpCode,
  Inject,
  Injectable,
  Post,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import type { StatusPage } from '#contracts';
import { isSameSecret } from '#platform';
import { StatusQueryDto } from './status-query.dto.ts';
import type { StatusStore } from './status-store.ts';
import { STATUS_LOGGER_OPTIONS, STATUS_STORE, type StatusLoggerOptions } from './tokens.ts';

/** Nobody but the ingress knows the secret. A guard, so that a stranger's question is not even read. */
@Injectable()
export class FromIngress implements CanActivate {
  constructor(@Inject(STATUS_LOGGER_OPTIONS) private readonly options: StatusLoggerOptions) {}

  canActivate(context: ExecutionContext): boolean {
    const secret: unknown = context.switchToHttp().getRequest().headers['x-sendoff-internal'];
    return isSameSecret(typeof secret === 'string' ? secret : '', this.options.internalToken);
  }
}

/** Answers questions of the ingress. */
@UseGuards(FromIngress)
@Controller('internal/records')
export class RecordsController {
  constructor(@Inject(STATUS_STORE) private readonly store: StatusStore) {}

  @Post('query')
  @HttpCode(200)
  async query(@Body(new ValidationPipe({ transform: true, whitelist: true })) query: StatusQueryDto): Promise<StatusPage> {
    return this.store.query(query);
  }
}
