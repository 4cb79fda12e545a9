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

/**
 * Lets only the ingress pass, which sends the internal token. Guards run before pipes, so other
 * bodies are not validated.
 */
@Injectable()
export class IngressGuard implements CanActivate {
  constructor(@Inject(STATUS_LOGGER_OPTIONS) private readonly options: StatusLoggerOptions) {}

  canActivate(context: ExecutionContext): boolean {
    const secret: unknown = context.switchToHttp().getRequest().headers['x-sendoff-internal'];
    return isSameSecret(typeof secret === 'string' ? secret : '', this.options.internalToken);
  }
}

/** Answers the ingress, which lists invocations for its callers. */
@UseGuards(IngressGuard)
@Controller('internal/records')
export class RecordsController {
  constructor(@Inject(STATUS_STORE) private readonly store: StatusStore) {}

  @Post('query')
  @HttpCode(200)
  async query(@Body(new ValidationPipe({ transform: true, whitelist: true })) query: StatusQueryDto): Promise<StatusPage> {
    return this.store.query(query);
  }
}
